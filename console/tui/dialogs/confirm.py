"""Yes or no to something that needs no plan."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.tui.dialogs.base import Dialog, command_rows, paragraphs
from console.tui.paint import Line, Rows, Tone, line


class ConfirmDialog(Dialog[bool]):
    """Answers True for `y`: not Enter, and not the key that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "confirm", show=False)]

    def __init__(self, title: str, words: str, *, command: str = "") -> None:
        super().__init__(title)
        self._words = words
        self._command = command

    def text(self, width: int) -> Rows:
        """What will be done."""
        return paragraphs(self._words, width)

    def foot(self, width: int) -> Rows:
        """The command that does the same."""
        return command_rows(self._command, width)

    def hint(self) -> Line:
        """As `Dialog.hint`."""
        return line(("y", Tone.ACCENT), " do it   ", ("Esc", Tone.ACCENT), " cancel")

    def action_confirm(self) -> None:
        """Agree, once it could be read."""
        if self.ripe:
            self.dismiss(True)  # noqa: FBT003 - Textual's own signature
