"""A widget that shows rows, and sends only the cells that changed.

Textual's own `Static` repaints a whole widget; over SSH that is the difference between 49 and 7 KB a second.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.paint import Line, Rows, Tone, asciified, harmless, width_of
from console.tui.theme import style_of


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
            _region(y, old or (), new or ()) for y, (old, new) in enumerate(zip_longest(before, rows)) if old != new
        ]
        self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One row, in styles."""
        row = self._rows[y] if y < len(self._rows) else ()
        colours = not self.app.no_color
        segments = [Segment(self._text(text), style_of(tone, colours=colours)) for text, tone in row if text]
        return Strip(segments).adjust_cell_length(self.size.width)

    def _text(self, text: str) -> str:
        safe = harmless(text)
        return asciified(safe) if self.ascii_only else safe


def _cells(row: Line) -> list[tuple[str, Tone]]:
    """One entry a column; a wide character takes two."""
    found: list[tuple[str, Tone]] = []
    for text, tone in row:
        for character in text:
            found += [(character, tone)] * width_of(((character, tone),))
    return found


def _region(y: int, old: Line, new: Line) -> Region:
    """The columns between the first and the last cell that differ."""
    before, after = _cells(old), _cells(new)
    length = max(len(before), len(after))
    first = next((x for x, (a, b) in enumerate(zip_longest(before, after)) if a != b), 0)
    last = next((x for x in range(length - 1, first, -1) if before[x : x + 1] != after[x : x + 1]), first)
    return Region(first, y, last - first + 1, 1)
