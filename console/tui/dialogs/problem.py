"""Why something could not be done: all of it, for as long as it takes to read."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.model.errors import RolloutError
from console.tui.dialogs.base import Dialog, command_rows, paragraphs
from console.tui.paint import Line, Rows, Tone, line


class ProblemDialog(Dialog[None]):
    """Answers nothing; it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "cancel", show=False)]

    def __init__(self, error: RolloutError) -> None:
        super().__init__("not done")
        self._error = error

    def text(self, width: int) -> Rows:
        """What was attempted, what was found, what is true now, what to type."""
        return problem_rows(self._error, width)

    def hint(self) -> Line:
        """As `Dialog.hint`."""
        return line(("Esc", Tone.ACCENT), " close")


def problem_rows(error: RolloutError, width: int) -> Rows:
    """An error with all that it knows."""
    rows = [*paragraphs(str(error), width, Tone.BAD)]
    if error.now:
        rows += paragraphs(f"now: {error.now}", width)
    if error.next_command:
        rows += [line(("next:", Tone.DIM)), *command_rows(error.next_command, width)]
    return tuple(rows)
