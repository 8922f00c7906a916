"""Many rows in a window: follows their end until somebody scrolls, wraps or not, finds words."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.tui.glyphs import UNICODE, Glyphs
from console.tui.layout import Layout, laid_out, marked, pattern, shifted
from console.tui.paint import Line, Rows, Tone, fit, text_of
from console.tui.widgets.rows import RowsWidget

_SIDE = 8
"""Columns that a step to the side goes."""
_ALL = 1_000_000_000


class Pager(RowsWidget, can_focus=True):
    """Shows a part of its lines; with a cursor, one of the lines where it may stop is chosen."""

    DEFAULT_CSS = "Pager { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home,g", f"move(-{_ALL})", show=False),
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
        self.hit = (0, 0)
        """Which line of those with the words was gone to, from 1, and how many there are."""
        self._glyphs = glyphs
        self._stops: tuple[int, ...] = ()
        self._layout = Layout(rows=(), owners=())
        self._laid: tuple[Rows, int, bool] = ((), 0, False)
        self._found: int | None = None
        self._top = 0
        self._left = 0

    def put(self, lines: Rows, *, gone: int = 0, stops: tuple[int, ...] = (), cursor: int | None = None) -> None:
        """Show these lines.

        Args:
            lines: all of them.
            gone: how many of the former ones are no longer among them, from the beginning: what is looked at stays.
            stops: the lines that the cursor can be on, ascending; each begins a block. Empty: every line is one.
            cursor: where it goes; None leaves it.
        """
        self.lines, self._stops = lines, stops
        if self._found is not None:
            self._found = self._found - gone if self._found >= gone else None
        if self.cursor is not None and cursor is not None:
            self.cursor = cursor
        self.redraw(gone=gone)

    def find(self, words: str, *, forward: bool = True) -> bool:
        """Go to the next line with these words; whether there is one."""
        anew, self.words = words != self.words, words
        wanted = pattern(words)
        places = [n for n, row in enumerate(self.lines) if wanted is not None and wanted.search(text_of(row))]
        if not places:
            self._found, self.hit = None, (0, 0)
            self.redraw()
            return False
        self.follow = False
        start = self._beginning(anew=anew, forward=forward)
        if forward:
            place = next((place for place in places if place > start), places[0])
        else:
            place = next((place for place in reversed(places) if place < start), places[-1])
        self._found, self.hit = place, (places.index(place) + 1, len(places))
        if self.cursor is not None:
            self.cursor = place
        self._reveal(place, place)
        self.redraw()
        return True

    def redraw(self, *, gone: int = 0) -> None:
        """Show the part that is to be seen."""
        height = self.size.height
        if not height or not self.size.width:
            return
        self._lay_out(gone)
        if self.cursor is not None and self.lines:
            self._hold_cursor()
        last = max(0, len(self._layout.rows) - height)
        self._top = last if self.follow else max(0, min(self._top, last))
        shown = range(self._top, min(self._top + height, len(self._layout.rows)))
        self.show(tuple(self._painted(place) for place in shown))
        self.post_message(self.Moved())

    @property
    def below(self) -> int:
        """How many rows come after the last one shown."""
        return max(0, len(self._layout.rows) - self._top - self.size.height)

    def on_resize(self, event: events.Resize) -> None:
        """Fit."""
        del event
        self.redraw()

    def action_move(self, lines: int) -> None:
        """Up or down."""
        if self.cursor is not None:
            self._move_cursor(lines)
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
            self._move_cursor(_ALL)
        else:
            self.follow = True
        self.redraw()

    def action_side(self, steps: int) -> None:
        """To the side, where lines are longer than the screen."""
        if not self.wrap:
            self._left = max(0, self._left + steps * _SIDE)
            self.redraw()

    def _lay_out(self, gone: int) -> None:
        """Break the lines anew where something has changed; the line at the top stays there."""
        laid = (self.lines, self.size.width, self.wrap)
        if laid[0] is self._laid[0] and laid[1:] == self._laid[1:]:
            return
        old, line, part = self._layout, 0, 0
        if self._top < len(old.rows):
            line = old.owners[self._top]
            part = self._top - old.first(line)
        self._laid, self._layout = laid, laid_out(self.lines, self.size.width, wrap=self.wrap)
        new = self._layout
        if line >= gone:
            self._top = min(new.first(line - gone) + part, max(new.first(line - gone), new.last(line - gone)))
        else:
            self._top = 0

    def _beginning(self, *, anew: bool, forward: bool) -> int:
        """The line that the next one with the words is looked for from."""
        owners, top = self._layout.owners, self._top
        shown = owners[top : top + self.size.height] if owners else (0,)
        if self.cursor is not None:
            return self.cursor - (anew and forward)
        if not anew and self._found is not None and self._found in shown:
            return self._found
        return shown[0] - 1 if forward else shown[-1] + 1

    def _block(self, line: int) -> tuple[int, int]:
        """The first and the last line of what belongs to a stop."""
        if not self._stops:
            return line, line
        before = [stop for stop in self._stops if stop <= line] or [self._stops[0]]
        after = [stop for stop in self._stops if stop > line]
        return before[-1], (after[0] if after else len(self.lines)) - 1

    def _hold_cursor(self) -> None:
        first, last = self._block(max(0, min(self.cursor or 0, len(self.lines) - 1)))
        if first != self.cursor:
            self.cursor = first
            self._reveal(first, last)
        elif not self._stops:
            self._reveal(first, last)

    def _move_cursor(self, lines: int) -> None:
        """By stops; a block that is longer than the window is scrolled through first."""
        if not self.lines:
            return
        stops: tuple[int, ...] | range = self._stops or range(len(self.lines))
        first, last = self._block(self.cursor or 0)
        up, down = self._layout.first(first) < self._top, self._layout.last(last) >= self._top + self.size.height
        if abs(lines) < _ALL and ((lines < 0 and up) or (lines > 0 and down)):
            self._top += lines
            return
        place = stops.index(first)
        if self._stops and 1 < abs(lines) < _ALL:
            wanted = first + lines
            place = min(range(len(stops)), key=lambda n: abs(stops[n] - wanted))
        else:
            place = max(0, min(len(stops) - 1, place + lines))
        self.cursor = stops[place]
        self._reveal(*self._block(self.cursor))

    def _reveal(self, first: int, last: int) -> None:
        """Scroll as little as shows these lines, the first of them in any case."""
        start, stop, height = self._layout.first(first), self._layout.last(last), self.size.height
        if stop >= self._top + height:
            self._top = stop - height + 1
        self._top = min(self._top, start)

    def _painted(self, place: int) -> Line:
        row = self._layout.rows[place]
        if self._left and not self.wrap:
            row = shifted(row, self._left)
        wanted = pattern(self.words)
        if wanted is not None:
            row = marked(row, wanted)
        row = fit(row, self.size.width, dots=self._glyphs.dots)
        if self.cursor is not None and self._layout.owners[place] == self.cursor:
            return tuple((text, Tone.CURSOR) for text, _ in row)
        return row
