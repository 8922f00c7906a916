"""A screen with one long text: a title, a window on it, a row of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from console.tui.names import counted
from console.tui.paint import Line, Tone, fit, line, spread, text_of, width_of
from console.tui.widgets.pager import Pager
from console.tui.widgets.rows import RowsWidget

if TYPE_CHECKING:
    from console.tui.app import ConsoleApp

_NOTICE = 5.0
"""Seconds that something that is said stays."""


class Page(Screen[None]):
    """Base of the screens that are read; Escape and `q` lead back."""

    CSS_CLASSES = "page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "back", show=False, priority=False),
        Binding("slash", "search", show=False),
        Binding("n", "again(1)", show=False),
        Binding("N", "again(-1)", show=False),
        Binding("w", "wrap", show=False),
        Binding("y", "copy", show=False),
        Binding("tab,shift+tab", "nothing", show=False),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("/", "search"), ("w", "wrap"), ("y", "copy"), ("Esc", "back"))
    CURSOR: ClassVar[bool] = False
    _notice = ""
    _quiet: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, text, search, keys."""
        yield RowsWidget(id="headline")
        yield Pager(id="pager", glyphs=self.console.board.glyphs, cursor=self.CURSOR)
        yield Input(id="filter", compact=True, placeholder="search")
        yield RowsWidget(id="keyline")

    def on_mount(self) -> None:
        """The text has the focus."""
        self.pager.focus()
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Fit."""
        del event
        self.redraw()

    def on_pager_moved(self, event: Pager.Moved) -> None:
        """Say how much is below."""
        event.stop()
        self.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        event.stop()
        field = self.query_one("#filter", Input)
        field.remove_class("shown")
        self.pager.focus()
        if event.value:
            self._find(event.value)
        self.redraw()

    def action_back(self) -> None:
        """Leave the search, else the screen."""
        field = self.query_one("#filter", Input)
        if field.has_class("shown"):
            field.remove_class("shown")
            self.pager.focus()
        else:
            self.dismiss(None)

    def action_search(self) -> None:
        """Type what to look for."""
        field = self.query_one("#filter", Input)
        field.value = ""
        field.add_class("shown")
        field.focus()

    def action_again(self, direction: int) -> None:
        """The next place, or the one before."""
        if self.pager.words:
            self._find(self.pager.words, forward=direction > 0)

    def action_wrap(self) -> None:
        """Break long lines, or let them run out at the side."""
        self.pager.wrap = not self.pager.wrap
        self.pager.redraw()

    def action_copy(self) -> None:
        """Everything to the clipboard (OSC 52)."""
        self.app.copy_to_clipboard("\n".join(text_of(row).rstrip() for row in self.pager.lines) + "\n")
        self.say(f"copied {counted(len(self.pager.lines), 'line')}")

    def action_nothing(self) -> None:
        """There is one thing here that can have the focus."""

    def say(self, text: str) -> None:
        """Say something on the last row, for a moment."""
        self._notice = text
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(_NOTICE, self._be_quiet)
        self.redraw()

    def redraw(self) -> None:
        """Title and keys, as they are now."""
        if not self.is_mounted or not self.size.width:
            return
        title = spread(self.title_row(), self.note_row(), self.size.width)
        self.query_one("#headline", RowsWidget).show((title,))
        if self._notice:
            said = fit(line((f" {self._notice}", Tone.WARN)), self.size.width, dots=self.console.board.glyphs.dots)
            self.query_one("#keyline", RowsWidget).show((said,))
            return
        self.query_one("#keyline", RowsWidget).show((self._key_row(self.size.width),))

    @property
    def pager(self) -> Pager:
        """The text."""
        return self.query_one(Pager)

    @property
    def console(self) -> ConsoleApp:
        """The application."""
        from console.tui.app import ConsoleApp  # noqa: PLC0415 - the application imports its screens

        app = self.app
        if not isinstance(app, ConsoleApp):
            raise TypeError(f"this screen belongs to the console, not to {type(app).__name__}")
        return app

    def title_row(self) -> Line:
        """What this is."""
        raise NotImplementedError

    def note_row(self) -> Line:
        """Which of the places with the words this is, and how much there is below."""
        below, (hit, hits) = self.pager.below, self.pager.hit
        found = line((f"{hit} of {hits} ", Tone.ACCENT)) if hits else ()
        return (*found, *line((f"{below} more below ", Tone.DIM))) if below else found

    def _find(self, words: str, *, forward: bool = True) -> None:
        if not self.pager.find(words, forward=forward):
            self.say(f"{words!r} is not there")

    def _key_row(self, width: int) -> Line:
        """The keys; where there is no room for all, those before the way back go first."""
        shown = list(self.KEYS)
        while True:
            row = line(*(part for key, word in shown for part in ((f" {key}", Tone.ACCENT), f" {word}")))
            if width_of(row) <= width or len(shown) == 1:
                return fit(row, width, dots=self.console.board.glyphs.dots)
            del shown[-2]

    def _be_quiet(self) -> None:
        self._notice = ""
        self.redraw()
