"""What is posted between the parts of the screen."""

from __future__ import annotations

from textual.message import Message


class Arrived(Message):
    """The engine's side has something to take."""


class Noticed(Message):
    """Something to say on the last row, for a moment."""

    def __init__(self, text: str, *, bad: bool = False) -> None:
        super().__init__()
        self.text = text
        self.bad = bad
