"""Long texts in a window: lines broken into rows, moved to the side, with words marked. Pure.

A line is what the text has; a row is what the window has. A line that is broken takes several rows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len

from console.tui.paint import Line, Rows, Span, Tone, text_of, width_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Rows, and the line that each of them belongs to."""

    rows: Rows
    owners: Sequence[int]
    """Ascending; as long as `rows`."""

    def first(self, line: int) -> int:
        """The first row of a line; the number of rows for a line after the last one."""
        return bisect_left(self.owners, line)

    def last(self, line: int) -> int:
        """The last row of a line."""
        return bisect_right(self.owners, line) - 1


def laid_out(lines: Rows, width: int, *, wrap: bool) -> Layout:
    """The lines in a window of this many columns; only `wrap` breaks them."""
    if not wrap:
        return Layout(rows=lines, owners=range(len(lines)))
    rows: list[Line] = []
    owners: list[int] = []
    for number, line in enumerate(lines):
        parts = broken(line, max(2, width))
        rows += parts
        owners += [number] * len(parts)
    return Layout(rows=tuple(rows), owners=owners)


def broken(row: Line, width: int) -> Rows:
    """The row in as many rows as it needs, each at most `width` (at least 2) columns wide; tones stay."""
    if width_of(row) <= width:
        return (row,)
    rows: list[Line] = []
    done: list[Span] = []
    room = width
    for text, tone in row:
        rest = text
        while rest:
            taken = _head(rest, room)
            if not taken:
                rows.append(tuple(done))
                done, room = [], width
                continue
            done.append((taken, tone))
            room -= cell_len(taken)
            rest = rest[len(taken) :]
    return (*rows, tuple(done)) if done else tuple(rows)


def _head(text: str, room: int) -> str:
    """As much of the beginning as fits into this many columns."""
    if text.isascii():
        return text[:room]
    used = 0
    for place, character in enumerate(text):
        used += cell_len(character)
        if used > room:
            return text[:place]
    return text


def shifted(row: Line, columns: int) -> Line:
    """The row without its first columns; half of a wide character is a blank."""
    left = columns
    found: list[Span] = []
    for text, tone in row:
        size = cell_len(text)
        if left >= size:
            left -= size
            continue
        taken = _head(text, left)
        missing = left - cell_len(taken)
        cut = text[len(taken) :]
        found.append((" " * (cell_len(cut[0]) - missing) + cut[1:] if missing else cut, tone))
        left = 0
    return tuple(found)


def pattern(words: str) -> re.Pattern[str] | None:
    """What finds these words, whatever their case; None without words."""
    return re.compile(re.escape(words), re.IGNORECASE) if words else None


def marked(row: Line, wanted: re.Pattern[str]) -> Line:
    """The row with what was looked for in the tone of the cursor, also where tones change within it."""
    places = [found.span() for found in wanted.finditer(text_of(row))]
    if not places:
        return row
    found: list[Span] = []
    at = 0
    for text, tone in row:
        cuts = sorted({0, len(text), *(place - at for span in places for place in span if 0 < place - at < len(text))})
        for start, stop in pairwise(cuts):
            inside = any(first <= at + start < last for first, last in places)
            found.append((text[start:stop], Tone.CURSOR if inside else tone))
        at += len(text)
    return tuple(found)
