"""A question with named answers, one key each."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events

from console.tui.dialogs.base import Dialog, paragraphs
from console.tui.paint import Rows, Tone, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer."""

    key: str
    """One character."""
    answer: str
    text: str
    detail: str = ""


class ChoiceDialog(Dialog[str]):
    """Answers with `Option.answer`."""

    def __init__(self, title: str, question: str, options: tuple[Option, ...]) -> None:
        super().__init__(title)
        self._question = question
        self._options = options

    def text(self, width: int) -> Rows:
        """The question and its answers."""
        rows = [*paragraphs(self._question, width), ()]
        for option in self._options:
            rows.append(line("  ", (option.key, Tone.ACCENT), f"  {option.text}"))
            if option.detail:
                rows += [line("     ", *row) for row in paragraphs(option.detail, width - 5, Tone.DIM)]
        return tuple(rows)

    def on_key(self, event: events.Key) -> None:
        """Take an answer, once it could be read."""
        option = next((option for option in self._options if option.key == event.character), None)
        if option is None:
            return
        event.stop()
        event.prevent_default()
        if self.ripe:
            self.dismiss(option.answer)
