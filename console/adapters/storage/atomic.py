"""Replace a file so that no reader, and no crash, ever sees half of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, mode: int) -> None:
    """Replace `path` with `content`: a temporary file in the same directory, fsync, rename, fsync of the directory.

    The temporary name starts with a dot and ends in `.tmp`, so that no `include *.conf` picks it up. `mode` holds
    whatever the umask says. A symbolic link at `path` is replaced, not followed.

    Raises:
        OSError: nothing was replaced (no space, no permission, no such directory); the old file is as it was. Only a
            failed fsync of the directory leaves the new content in place, visible but not yet durable.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make a directory's renames durable: the entry is not part of the file (fsync(2)). Raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
