"""Time that counts only while this process is awake: what its deadlines go by.

A person stops the command (Ctrl-Z, `kill -STOP`), or a machine freezes it. The world goes on meanwhile, but nobody
here looked at it: a deadline that passed in that time says nothing about a release. Every wait of asyncio goes by the
clock of its event loop (`asyncio.timeout`, `wait_for`, `sleep`), so that is the one clock to hold. Whoever comes back
has as much time left as before, and looks once more before anything is judged.

The loop's clock is asked at every turn, and by a beat where there is nothing to do. So two askings that lie further
apart than two beats had a stop, or a computation that held everything up, in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

BEAT = 0.25
"""Seconds between two askings of a loop that has nothing to do."""
HELD_UP = 2 * BEAT
"""Seconds between two askings from which on the process was held up. It counts as one beat, not as nothing: a machine
that holds it up at every turn must not hold its deadlines up for ever."""


class AwakeTime:
    """Seconds of another clock, without those that the process was held up for. To be asked on one thread."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self._asked = real()
        self._lost = 0.0

    def __call__(self) -> float:
        """The time now; it never goes back."""
        now = self._real()
        gap = now - self._asked
        self._asked = now
        if gap > HELD_UP:
            self._lost += gap - BEAT
        return now - self._lost


def keep_awake_time(loop: asyncio.AbstractEventLoop) -> None:
    """Let a loop's clock count the time that the process is awake, for as long as it runs. Idempotent.

    To be called on the loop's thread. A loop whose clock is none of Python's (uvloop) stays as it is.
    """
    if isinstance(loop.time, AwakeTime):
        return
    try:
        setattr(loop, "time", AwakeTime(loop.time))  # noqa: B010 - a method of its own, for this one loop
    except AttributeError:
        return
    _beat(loop)


def _beat(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_later(BEAT, _beat, loop)
