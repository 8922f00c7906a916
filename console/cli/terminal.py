"""What a stream can show: whether a person looks at it, how wide, in which characters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

DEFAULT_WIDTH = 80
"""Columns where nobody says; also what logs of CI are read at."""
MINIMUM_WIDTH = 40
DEFAULT_HEIGHT = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """One output stream, as far as rendering cares."""

    tty: bool = False
    colour: bool = False
    unicode: bool = True
    width: int = DEFAULT_WIDTH
    """What text is folded to: never less than `MINIMUM_WIDTH`."""
    columns: int = DEFAULT_WIDTH
    """What it really has, for a screen that is drawn over."""
    rows: int = DEFAULT_HEIGHT


def look(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """What this stream can show. Colour needs a terminal and no `NO_COLOR` (https://no-color.org)."""
    tty = is_tty(stream)
    columns, rows = _size(stream) if tty else (DEFAULT_WIDTH, DEFAULT_HEIGHT)
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    return Terminal(
        tty=tty,
        colour=tty and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb",
        unicode=encoding.startswith("utf"),
        width=max(MINIMUM_WIDTH, columns),
        columns=columns,
        rows=rows,
    )


def is_tty(stream: TextIO | None) -> bool:
    """Whether a person may be at the other end; a closed stream is nobody."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return DEFAULT_WIDTH, DEFAULT_HEIGHT
    return size.columns or DEFAULT_WIDTH, size.lines or DEFAULT_HEIGHT
