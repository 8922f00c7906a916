"""What all dialogs have in common: a box in the middle, Cancel in focus, and no haste."""

from __future__ import annotations

import time
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button

from console.tui.layout import broken
from console.tui.paint import Line, Rows, Tone, harmless, line, unmarked, width_of
from console.tui.widgets.rows import RowsWidget

Answer = TypeVar("Answer")

PATIENCE = 0.3
"""Seconds in which every key is ignored: whoever typed ahead did not read this."""


class Text(RowsWidget):
    """Rows as high as they are many."""

    def put(self, rows: Rows) -> None:
        """Show these rows, and take the room that they need."""
        if len(rows) != len(self.rows):
            self.styles.height = len(rows)
        self.show(rows)


class Dialog(ModalScreen[Answer | None]):
    """A question. Escape, `n`, `q` and Enter on Cancel answer nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,q,ctrl+c", "cancel", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-8)", show=False),
        Binding("pagedown", "scroll(8)", show=False),
    ]
    WIDTH: ClassVar[int] = 76

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._shown_at = time.monotonic()

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="box"):
            with VerticalScroll(id="body", can_focus=False):
                yield Text(id="text")
            yield Text(id="foot")
            yield from self.compose_more()
            with Horizontal(id="buttons"):
                yield Text(id="hint")
                yield Button("Cancel", id="cancel", compact=True)

    def compose_more(self) -> ComposeResult:
        """What stands between the text and the buttons."""
        yield from ()

    def on_mount(self) -> None:
        """Fill the box; Cancel has the focus, unless something has to be typed first."""
        self.query_one("#box").border_title = unmarked(self._title)
        self.query_one(self.first_focus).focus()
        self.wait_anew()
        self.redraw()

    def on_resize(self) -> None:
        """Fit the new size."""
        self.redraw()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Cancel."""
        event.stop()
        if self.ripe:
            self.dismiss(None)

    def action_cancel(self) -> None:
        """Answer nothing."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one("#body", VerticalScroll).scroll_relative(y=lines, animate=False)

    @property
    def ripe(self) -> bool:
        """Whether what is shown has been there long enough to be read."""
        return time.monotonic() >= self._shown_at + PATIENCE

    @property
    def room(self) -> int:
        """Columns for text."""
        return max(20, min(self.widest, self.app.size.width - 2) - 4)

    @property
    def widest(self) -> int:
        """Columns of the box, where there is room."""
        return self.WIDTH

    def wait_anew(self) -> None:
        """Something else is shown from now on: ignore haste again."""
        self._shown_at = time.monotonic()

    def redraw(self) -> None:
        """Show everything as it is now."""
        rows, foot = self.text(self.room), self.foot(self.room)
        around = 3 + len(foot) + (len(foot) > 0) + self.extra_rows
        self.query_one("#body").styles.height = max(1, min(len(rows), self.app.size.height - around))
        self.query_one("#box").styles.width = min(self.widest + 4, self.app.size.width)
        self.query_one("#text", Text).put(rows)
        self.query_one("#foot", Text).put(((), *foot) if foot else ())
        self.query_one("#hint", Text).put((self.hint(),))

    def text(self, width: int) -> Rows:
        """The question."""
        raise NotImplementedError

    @property
    def first_focus(self) -> str:
        """What has the focus at first."""
        return "#cancel"

    @property
    def extra_rows(self) -> int:
        """Rows that `compose_more` takes."""
        return 0

    def foot(self, width: int) -> Rows:  # noqa: ARG002 - most dialogs have none
        """What is to be seen however long the text is."""
        return ()

    def hint(self) -> Line:
        """Which keys answer it."""
        return line(("Esc", Tone.ACCENT), " cancel")


def paragraphs(text: str, width: int, tone: Tone = Tone.PLAIN) -> Rows:
    """Words in rows; blank lines stay, and a word that is too long for a row goes on in the next one."""
    rows: list[Line] = []
    for part in text.split("\n"):
        row: Line = ()
        for word in harmless(part).split():
            longer = (*row, (" " if row else "", tone), (word, tone))
            if row and width_of(longer) > width:
                rows.append(row)
                longer = ((word, tone),)
            row = longer
        rows.append(row)
    return tuple(part for row in rows for part in broken(row, max(2, width)))


def command_rows(command: str, width: int) -> Rows:
    """A command to be pasted; the rows after its first one are indented. None without a command."""
    rows = paragraphs(command, width - 2, Tone.STRONG) if command else ()
    return tuple(line(("  " if number else "$ ", Tone.DIM), *row) for number, row in enumerate(rows))
