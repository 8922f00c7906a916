"""Signals during a rollout: the first asks for a safe end, the next say what is being waited for, none kills."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_safely(
    *, abort: Callable[[str], None], waiting_for: Callable[[], str], say: Callable[[str], None]
) -> Iterator[None]:
    """Handle signals on the running loop.

    SIGINT and SIGTERM call `abort` once. SIGHUP (the terminal is gone) lets the rollout finish: a deploy must not
    depend on a network link to whoever started it. The handlers stay until the loop is closed, so that a late signal
    can't turn the exit code of a rollout that has ended into that of an interruption.
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
