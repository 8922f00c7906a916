"""One panel: a frame, a title, and rows that are a function of the board."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.message import Message

from console.tui.arrangement import PanelName, Place
from console.tui.board import Board
from console.tui.frame import framed
from console.tui.paint import Line, Rows, Tone, text_of
from console.tui.widgets.rows import RowsWidget


class Panel(RowsWidget, can_focus=True):
    """Base of the five panels."""

    DEFAULT_CSS = "Panel { height: 100%; }"

    panel: ClassVar[PanelName]

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
        self.content = self.rows_of(board, place.inner_width, place.inner_height)
        self.show(
            framed(
                self.content,
                place,
                board.glyphs,
                name=self.panel,
                title=self.title_of(board),
                note=self.note_of(board),
                focused=self.has_focus,
                tone=Tone.ALARM if self.alarmed(board) else Tone.WARN if board.guarded else Tone.FRAME,
            )
        )

    @property
    def text(self) -> str:
        """Its content as plain text, for the clipboard."""
        return "\n".join(text_of(row).rstrip() for row in self.content) + "\n"

    def rows_of(self, board: Board, width: int, height: int) -> Rows:
        """What is in it."""
        raise NotImplementedError

    def title_of(self, board: Board) -> Line:  # noqa: ARG002 - most panels have none
        """What stands beside its name."""
        return ()

    def note_of(self, board: Board) -> Line:  # noqa: ARG002 - as above
        """What stands at the right end of its upper line."""
        return ()

    def alarmed(self, board: Board) -> bool:  # noqa: ARG002 - as above
        """Whether its frame is to be seen from afar."""
        return False
