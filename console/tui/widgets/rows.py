"""A widget that shows rows, and sends only the cells that changed.

Textual's own `Static` repaints a whole widget; over SSH that is the difference between 49 and 7 KB a second.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.paint import Line, Rows, Tone, asciified, columns_of, harmless
from console.tui.theme import style_of

_GAP = 8
"""Columns that stay as they are and are sent all the same: going around them would cost as many characters."""


class RowsWidget(Widget):
    """Shows rows as they are; whoever owns it says which."""

    DEFAULT_CSS = "RowsWidget { width: 100%; height: 1; }"

    ascii_only: ClassVar[bool] = False
    """Whether the terminal has nothing but ASCII; one for the whole process, as there is one terminal."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._rows: Rows = ()

    @property
    def rows(self) -> Rows:
        """What is shown now."""
        return self._rows

    def show(self, rows: Rows) -> None:
        """Show these rows from now on; nothing is sent for cells that stay as they are."""
        before, self._rows = self._rows, rows
        if before == rows or not self.is_mounted:
            return
        regions = [
            Region(first, y, last - first, 1)
            for y, (old, new) in enumerate(zip_longest(before, rows, fillvalue=()))
            if old != new
            for first, last in _differing(old, new)
        ]
        self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One row, in styles."""
        row = self._rows[y] if y < len(self._rows) else ()
        colours = not self.app.no_color
        segments = [Segment(self._text(text), style_of(tone, colours=colours)) for text, tone in row if text]
        return Strip(segments).adjust_cell_length(self.size.width, Style())

    def _text(self, text: str) -> str:
        safe = harmless(text)
        return asciified(safe) if self.ascii_only else safe


@lru_cache(2048)
def _cells(text: str, tone: Tone) -> tuple[tuple[str, Tone], ...]:
    """One entry a column; the two of a wide character tell which one they are."""
    if text.isascii() and text.isprintable():
        return tuple((character, tone) for character in text)
    return tuple(cell for c in text for cell in ((c, tone), (f"+{c}", tone))[: cell_len(c)])


def _differing(old: Line, new: Line) -> list[tuple[int, int]]:
    """Stretches of columns that differ, each with its end; those that are close together are one."""
    found: list[tuple[int, int]] = []
    same = start = 0
    for before, after in zip(old, new, strict=False):  # most rows differ in one figure
        if before != after:
            break
        same, start = same + 1, start + columns_of(before[0])
    cells = (chain.from_iterable(_cells(*span) for span in row[same:]) for row in (old, new))
    for x, (before, after) in enumerate(zip_longest(*cells), start):
        if before == after:
            continue
        if found and x - found[-1][1] <= _GAP:
            found[-1] = (found[-1][0], x + 1)
        else:
            found.append((x, x + 1))
    return found
