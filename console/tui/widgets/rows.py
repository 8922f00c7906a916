"""A widget that shows rows, and sends only the cells that changed.

Textual's own `Static` repaints a whole widget; over SSH that is the difference between 49 and 7 KB a second.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.paint import Line, Rows, Tone, asciified, harmless, width_of
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


def _cells(row: Line) -> list[tuple[str, Tone]]:
    """One entry a column; the two of a wide character tell which one they are."""
    found: list[tuple[str, Tone]] = []
    for text, tone in row:
        for character in text:
            found += [(character, tone), (f"+{character}", tone)][: width_of(((character, tone),))]
    return found


def _differing(old: Line, new: Line) -> list[tuple[int, int]]:
    """Stretches of columns that differ, each with its end; those that are close together are one."""
    found: list[tuple[int, int]] = []
    for x, (before, after) in enumerate(zip_longest(_cells(old), _cells(new))):
        if before == after:
            continue
        if found and x - found[-1][1] <= _GAP:
            found[-1] = (found[-1][0], x + 1)
        else:
            found.append((x, x + 1))
    return found
