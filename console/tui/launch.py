"""Opening the console, and leaving it on every way out: the terminal restored, a running rollout brought to its end.

Signals are handled by Python itself rather than by the screen's loop: a stalled terminal blocks that loop, and a
SIGTERM has to reach the engine all the same.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from console.tui.app import ConsoleApp, Leaving
from console.tui.bridge import Bridge
from console.tui.engine_thread import EngineThread, Open
from console.tui.preferences import Preferences

if TYPE_CHECKING:
    from console.model.events import Record
    from console.model.request import Outcome

_LOOK = 0.2
"""Seconds between looks at whether the engine has ended."""


class Plain(Protocol):
    """Tells a rollout in lines, once the screen is gone. Must never raise."""

    def record(self, record: Record) -> None:
        """Something happened; called on the engine's thread."""
        ...

    def tick(self) -> None:
        """Time has passed; called on the engine's thread."""
        ...

    def note(self, text: str) -> None:
        """Something to say beside the rollout."""
        ...

    def end(self, outcome: Outcome | None) -> None:
        """The last words; None when there is no outcome."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a console is opened with."""

    open_session: Open
    plain: Callable[[], Plain]
    """Made when the screen was left in mid-rollout."""
    for_this_stack: Callable[[str], str] = lambda command: command
    read_only: bool = False
    demo: bool = False
    """The embedded stack: load runs from the beginning, and faults can be rehearsed."""
    ascii_only: bool = False
    preferences: Preferences = field(default_factory=Preferences)


def open_console(launch: Launch) -> int:
    """Open the console until it is left; the exit code.

    Raises:
        RolloutError: the stack can't be opened.
    """
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)  # a size that some shell exported once; Textual would believe it for ever
    bridge = Bridge()
    engine = EngineThread(launch.open_session, bridge, read_only=launch.read_only, demo=launch.demo)
    app = ConsoleApp(
        engine,
        bridge,
        for_this_stack=launch.for_this_stack,
        ascii_only=launch.ascii_only,
        load_at_start=launch.demo,
        preferences=launch.preferences,
    )
    with _signals(engine, app) as left:
        try:
            app.run(mouse=False)
        finally:
            bridge.connect(None)
            plain = _farewell(left.how or how_of(app), engine, launch)
            while not engine.join(_LOOK):
                if plain is not None:
                    engine.call(plain.tick)
    if engine.error is not None:
        raise engine.error
    outcome = engine.outcome if plain is not None else None
    if plain is not None:
        plain.end(outcome)
    return outcome.result.exit_code if outcome is not None else app.return_code or 0


def how_of(app: ConsoleApp) -> Leaving:
    """How the screen was left, also when it was by an error of its own."""
    return app.return_value or Leaving.PRINTING


@dataclass(slots=True, kw_only=True)
class _Left:
    """What signals said."""

    how: Leaving | None = None


@contextmanager
def _signals(engine: EngineThread, app: ConsoleApp) -> Iterator[_Left]:
    left = _Left()

    def hung_up(_: int, __: FrameType | None) -> None:
        left.how = left.how or Leaving.HUNG_UP
        app.leave(Leaving.HUNG_UP)

    def terminated(number: int, _: FrameType | None) -> None:
        left.how = Leaving.TERMINATED
        engine.abort(signal.Signals(number).name)
        app.leave(Leaving.TERMINATED)

    handlers = {signal.SIGHUP: hung_up, signal.SIGTERM: terminated, signal.SIGINT: terminated}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield left
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _farewell(how: Leaving, engine: EngineThread, launch: Launch) -> Plain | None:
    """Tell the rest in plain lines, if there is a rest and somebody to read it; then let the engine end."""
    plain: Plain | None = None
    if engine.rolling and how is not Leaving.HUNG_UP:
        plain = launch.plain()
        engine.listen(plain.record)
        plain.note(
            "the screen is closed, the rollout goes on here; Ctrl-C ends it safely"
            if how is Leaving.PRINTING
            else "the screen is closed, the rollout ends safely"
        )
    if how is Leaving.ABORTING:
        engine.abort()
    engine.end()
    return plain
