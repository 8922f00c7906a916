"""Signals during a rollout: the first asks for a safe end, the next say what is being waited for, none kills."""

from __future__ import annotations

import asyncio
import atexit
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM)
_HANDLED = (*_ENDING, signal.SIGHUP)


@contextmanager
def ending_safely(
    *, abort: Callable[[str], None], waiting_for: Callable[[], str], say: Callable[[str], None]
) -> Iterator[None]:
    """Handle signals on the running loop.

    SIGINT and SIGTERM call `abort` once. SIGHUP (the terminal is gone) lets the rollout finish: a deploy must not
    depend on a network link to whoever started it. Afterwards, until the process has ended, none of them does anything:
    a late one can't turn the exit code of a rollout that has ended into that of an interruption, or into a death.
    """
    loop = asyncio.get_running_loop()
    asked = False
    ended = False

    def end(name: str) -> None:
        nonlocal asked
        if ended:
            return
        if asked:
            say(f"{name}: still ending safely, waiting for {waiting_for()}")
            return
        asked = True
        say(f"{name}: ending safely, waiting for {waiting_for()}")
        abort(name)

    def hung_up() -> None:
        if not ended:
            say("SIGHUP: the terminal is gone, the rollout goes on")

    for number in _ENDING:
        loop.add_signal_handler(number, end, number.name)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        ended = True
        for number in _HANDLED:
            loop.remove_signal_handler(number)  # closing the loop would put the default back, which ends the process
            signal.signal(number, _too_late)
        atexit.register(_ignore)


def _too_late(number: int, frame: object) -> None:
    """Nothing is left to end. Not `SIG_IGN`, which children would inherit."""


def _ignore() -> None:
    """The interpreter restores the default of each handler of its own while it winds down, but leaves ignored ones."""
    for number in _HANDLED:
        signal.signal(number, signal.SIG_IGN)
