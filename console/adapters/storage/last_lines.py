"""The lines of a file from its end: what is asked of a journal of years is mostly in its last few."""

from __future__ import annotations

import os
from collections.abc import Iterator

FIRST = 8 * 1024
"""Bytes of the first block; each further one is twice as long, up to `LONGEST`."""
LONGEST = 256 * 1024


def last_lines(descriptor: int) -> Iterator[bytes]:
    """Every whole line of an open file without its end of line, the last one first.

    What follows the last end of line is no line. A block is read when it is asked for; a file that is cut meanwhile
    has no further lines.
    """
    end, size = os.fstat(descriptor).st_size, FIRST
    pieces: list[bytes] = []
    """Of the line whose beginning was not read yet, the last piece first."""
    ended = False
    """Whether an end of line was seen: what follows the last one is left out."""
    while end > 0:
        size = min(size, end)
        end -= size
        block = os.pread(descriptor, size, end)
        if len(block) != size:
            return
        piece, *lines = block.split(b"\n")
        if not lines:
            pieces.append(piece)
        else:
            last = b"".join([lines.pop(), *reversed(pieces)])
            pieces = [piece]
            if ended:
                yield last
            ended = True
            yield from reversed(lines)
        size = min(2 * size, LONGEST)
    if ended:
        yield b"".join(reversed(pieces))
