"""One panel: a frame, a title, and rows that are a function of the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.message import Message

from console.tui.arrangement import PanelName, Place
from console.tui.board import Board
from console.tui.frame import framed
from console.tui.paint import Line, Rows, Tone, line, text_of, width_of
from console.tui.widgets.rows import RowsWidget

if TYPE_CHECKING:
    from console.tui.widgets.parts import Part

_LABEL = 14
"""Columns that the corners and the name of a panel take."""


class Panel(RowsWidget, can_focus=True):
    """Base of the five panels."""

    DEFAULT_CSS = "Panel { height: 100%; }"

    panel: ClassVar[PanelName]
    opening: ClassVar[str]
    """What stands in it until the stack is open."""

    def __init__(self) -> None:
        super().__init__(id=self.panel.value)
        self.place: Place | None = None
        """Where it stands; None while it isn't shown."""
        self.content: Rows = ()
        """What is in it, without the frame."""

    class Placed(Message):
        """It stands somewhere else now, and has to be drawn anew."""

    def on_resize(self, event: events.Resize) -> None:
        """Ask to be drawn."""
        event.stop()
        self.post_message(self.Placed())

    def draw(self, board: Board) -> None:
        """Show the board as it is."""
        place = self.place
        if place is None:
            return
        known = board.facts is not None
        if known:
            self.content = self.rows_of(board, place.inner_width, place.inner_height)
        else:
            self.content = (line((self.opening, Tone.DIM)),)
        self.show(
            framed(
                self.content,
                place,
                board.glyphs,
                name=self.panel,
                title=self.title_of(board) if known else (),
                note=self._note(board, place) if known else (),
                focused=self.has_focus,
                tone=self._frame(board),
            )
        )

    def _note(self, board: Board, place: Place) -> Line:
        """Its own note; where it has the whole screen, after what the other panels would tell."""
        own = self.note_of(board)
        if not place.alone:
            return own
        from console.tui.widgets.elsewhere import elsewhere  # noqa: PLC0415 - as in `part`

        room = place.width - _LABEL - width_of(own)
        told = elsewhere(board, self.panel, room)
        return (*told, *line("  "), *own) if told and own else (*told, *own)

    def _frame(self, board: Board) -> Tone:
        if board.facts is not None and self.alarmed(board):
            return Tone.ALARM
        return Tone.WARN if board.guarded else Tone.FRAME

    @property
    def text(self) -> str:
        """Its content as plain text, for the clipboard."""
        return "\n".join(text_of(row).rstrip() for row in self.content) + "\n"

    @property
    def part(self) -> Part:
        """What this panel shows of a board."""
        from console.tui.widgets.parts import PARTS  # noqa: PLC0415 - nothing of it is needed for the first paint

        return PARTS[self.panel]

    def rows_of(self, board: Board, width: int, height: int) -> Rows:
        """What is in it."""
        return self.part.rows(board, width, height)

    def title_of(self, board: Board) -> Line:
        """What stands beside its name."""
        return self.part.title(board)

    def note_of(self, board: Board) -> Line:
        """What stands at the right end of its upper line."""
        return self.part.note(board)

    def alarmed(self, board: Board) -> bool:
        """Whether its frame is to be seen from afar."""
        return self.part.alarmed(board)
