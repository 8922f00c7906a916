"""The recorded active color: `state/active-color`, one word for people and scripts."""

from __future__ import annotations

from pathlib import Path

from console.adapters.storage.atomic import write_atomically
from console.model.color import Color

MODE = 0o644


class FileActiveColor:
    """One word in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Color | None:
        """The color; None when the file is missing, unreadable, empty or garbage."""
        try:
            return Color(self.path.read_bytes()[:64].decode("ascii").strip())
        except (OSError, ValueError):
            return None

    def write(self, color: Color) -> None:
        """Replace the word atomically, in a directory that is made when it isn't there. Raises `OSError`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, f"{color.value}\n".encode("ascii"), mode=MODE)
