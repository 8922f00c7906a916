"""Many rows in a window: follows their end until somebody scrolls, wraps or not, finds words."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, chop_cells
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.tui.glyphs import UNICODE, Glyphs
from console.tui.paint import Line, Rows, Tone, fit, line, text_of
from console.tui.widgets.rows import RowsWidget

_SIDE = 8
"""Columns that a step to the side goes."""


class Pager(RowsWidget, can_focus=True):
    """Shows a part of its lines."""

    DEFAULT_CSS = "Pager { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home,g", "move(-1000000)", show=False),
        Binding("end,G", "follow", show=False),
        Binding("left", "side(-1)", show=False),
        Binding("right", "side(1)", show=False),
    ]

    class Moved(Message):
        """Another part is shown."""

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE, cursor: bool = False) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.lines: Rows = ()
        self.wrap = False
        self.follow = False
        self.words = ""
        self.cursor: int | None = 0 if cursor else None
        """The line that the cursor is on; None where there is no cursor."""
        self._glyphs = glyphs
        self._top = 0
        self._left = 0

    def put(self, lines: Rows, *, gone: int = 0) -> None:
        """Show these lines.

        Args:
            lines: all of them.
            gone: how many of the former ones are no longer among them, from the beginning: what is looked at stays.
        """
        self.lines = lines
        if not self.follow:
            self._top = max(0, self._top - gone)
        self.redraw()

    def find(self, words: str, *, forward: bool = True) -> bool:
        """Go to the next line with these words; whether there is one."""
        self.words = words
        wanted = words.lower()
        texts = [text_of(row).lower() for row in self._laid_out()]
        places = [place for place, text in enumerate(texts) if wanted and wanted in text]
        if not places:
            self.redraw()
            return False
        self.follow = False
        if forward:
            self._top = next((place for place in places if place > self._top), places[0])
        else:
            self._top = next((place for place in reversed(places) if place < self._top), places[-1])
        self.redraw()
        return True

    def redraw(self) -> None:
        """Show the part that is to be seen."""
        height, width = self.size.height, self.size.width
        if not height or not width:
            return
        rows = self._laid_out()
        last = max(0, len(rows) - height)
        if self.cursor is not None and rows:
            self.cursor = max(0, min(self.cursor, len(rows) - 1))
            self._top = min(max(self._top, self.cursor - height + 1), self.cursor)
        self._top = last if self.follow else max(0, min(self._top, last))
        shown = rows[self._top : self._top + height]
        self.show(tuple(self._painted(row, self._top + place) for place, row in enumerate(shown)))
        self.post_message(self.Moved())

    @property
    def below(self) -> int:
        """How many rows come after the last one shown."""
        return max(0, len(self._laid_out()) - self._top - self.size.height)

    def on_resize(self, event: events.Resize) -> None:
        """Fit."""
        del event
        self.redraw()

    def action_move(self, lines: int) -> None:
        """Up or down."""
        if self.cursor is not None:
            self.cursor = max(0, self.cursor + lines)
        elif self.follow and lines < 0:
            self.follow = False
            self._top += lines
        else:
            self._top = max(0, self._top + lines)
            self.follow = self.follow and lines > 0
        self.redraw()

    def action_page(self, pages: int) -> None:
        """A window up or down."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_follow(self) -> None:
        """To the end; what comes is shown."""
        if self.cursor is not None:
            self.cursor = len(self.lines) - 1
        else:
            self.follow = True
        self.redraw()

    def action_side(self, steps: int) -> None:
        """To the side, where lines are longer than the screen."""
        if not self.wrap:
            self._left = max(0, self._left + steps * _SIDE)
            self.redraw()

    def _laid_out(self) -> Rows:
        if not self.wrap:
            return self.lines
        width = max(1, self.size.width)
        rows: list[Line] = []
        for row in self.lines:
            text = text_of(row)
            if cell_len(text) <= width:
                rows.append(row)
            else:
                tone = row[-1][1]
                rows += [line((part, tone)) for part in chop_cells(text, width)]
        return tuple(rows)

    def _painted(self, row: Line, place: int) -> Line:
        if self._left and not self.wrap:
            row = _shifted(row, self._left)
        if self.words and self.words.lower() in text_of(row).lower():
            row = _marked(row, self.words)
        row = fit(row, self.size.width, dots=self._glyphs.dots)
        return tuple((text, Tone.CURSOR) for text, _ in row) if place == self.cursor else row


def _shifted(row: Line, columns: int) -> Line:
    left = columns
    found = []
    for text, tone in row:
        cut = text[left:] if left < len(text) else ""
        left = max(0, left - len(text))
        if cut:
            found.append((cut, tone))
    return tuple(found)


def _marked(row: Line, words: str) -> Line:
    found = []
    size = len(words)
    for text, tone in row:
        rest, start = text, text.lower().find(words.lower())
        while start >= 0 and size:
            found += [(rest[:start], tone), (rest[start : start + size], Tone.CURSOR)]
            rest = rest[start + size :]
            start = rest.lower().find(words.lower())
        found.append((rest, tone))
    return tuple(part for part in found if part[0])
