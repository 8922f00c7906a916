"""From the command line to the console, and back to lines when the screen is left in mid-rollout."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from console.cli.invocation import Invocation
from console.cli.render.style import Mark

if TYPE_CHECKING:
    from console.engine.session import Session
    from console.model.events import Record
    from console.model.request import Outcome


def can_open(invocation: Invocation) -> bool:
    """Whether there is a terminal to draw on, and nobody asked for lines."""
    return on_terminal(invocation) and not invocation.line.plain and not invocation.line.json


def on_terminal(invocation: Invocation) -> bool:
    """Whether somebody sits there: all three streams are a terminal."""
    return invocation.interactive and invocation.output.data_terminal.tty


def run_console(
    invocation: Invocation, open_session: Callable[[], AbstractAsyncContextManager[Session]], *, demo: bool = False
) -> int:
    """Open the console; the exit code. Raises `RolloutError` when the stack can't be opened."""
    # Only the console loads the screen's library.
    from console.tui.launch import Launch, open_console  # noqa: PLC0415
    from console.tui.preferences import preferences_file, read_preferences  # noqa: PLC0415

    line, terminal = invocation.line, invocation.output.data_terminal
    return open_console(
        Launch(
            open_session=open_session,
            plain=lambda: Lines(invocation),
            for_this_stack=invocation.for_this_stack,
            read_only=line.read_only,
            demo=demo,
            ascii_only=line.ascii or not terminal.unicode,
            preferences=read_preferences(preferences_file(invocation.environ)),
        )
    )


class Lines:
    """The rest of a rollout on stderr, as the commands tell it."""

    def __init__(self, invocation: Invocation) -> None:
        from console.cli.runner import narrator_for  # noqa: PLC0415 - only now it is needed

        self._invocation = invocation
        self._narrator = narrator_for(invocation)

    def record(self, record: Record) -> None:
        """Tell of an event."""
        self._narrator.record(record)

    def tick(self) -> None:
        """Tell of a wait that takes long."""
        self._narrator.tick()

    def note(self, text: str) -> None:
        """Say something."""
        self._narrator.say(Mark.NOTE, text)

    def end(self, outcome: Outcome | None) -> None:
        """The last words."""
        from console.cli.render.ending import ending  # noqa: PLC0415 - as above

        self._narrator.end()
        if outcome is not None:
            invocation = self._invocation
            told = ending(outcome, self._narrator.story, invocation.style, invocation.for_this_stack)
            invocation.output.narrate(told)
