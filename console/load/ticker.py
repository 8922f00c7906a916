"""Wakes the event loop at an exact time.

Both asyncio (which rounds up to epoll's milliseconds) and uvloop (libuv's timers) wake up to a millisecond late. At
1,000 requests a second that is a whole gap, so on Linux the kernel's `timerfd` (man 2 timerfd_create) wakes the loop.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from array import array
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Protocol

from console.load.direct_loop import DirectLoop, expired

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_NANOSECONDS = 1_000_000_000


class Ticker(Protocol):
    """A timer with one alarm."""

    def arm(self, when: float, every: float = 0.0) -> None:
        """Call back at this `time.monotonic()`, at once if it has passed; infinity disarms. Replaces the last.

        Then again `every` so many seconds, counted from `when`; 0 for once.
        """
        ...

    def close(self) -> None:
        """Never call back again. Idempotent."""
        ...


class KernelTicker:
    """A `timerfd`. Raises `OSError` where the kernel has none."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            create, self._settime = libc.timerfd_create, libc.timerfd_settime
        except AttributeError as error:
            raise OSError("this C library has no timerfd") from error
        self._fd: int = create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._spec = array("q", (0, 0, 0, 0))
        self._pointer = ctypes.c_void_p(self._spec.buffer_info()[0])
        self._callback = callback
        self._forget: Callable[[], object]
        if isinstance(loop, DirectLoop):
            loop.direct.watch_alarm(self._fd, callback)
            self._forget = loop.direct.forget_alarm
        else:
            loop.add_reader(self._fd, self._fired)
            self._forget = partial(loop.remove_reader, self._fd)

    def arm(self, when: float, every: float = 0.0) -> None:
        """See `Ticker.arm`."""
        alarm = 0 if when == inf else int(when * _NANOSECONDS) + 1  # never early, and never 0, which would disarm
        interval = int(every * _NANOSECONDS) + 1 if every else 0
        self._spec[:] = array("q", (*divmod(interval, _NANOSECONDS), *divmod(alarm, _NANOSECONDS)))
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._pointer, None)

    def close(self) -> None:
        """See `Ticker.close`."""
        if self._fd >= 0:
            self._forget()
            os.close(self._fd)
            self._fd = -1

    def _fired(self) -> None:
        if expired(self._fd):
            self._callback()


class LoopTicker:
    """The event loop's own timer, up to a millisecond late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, when: float, every: float = 0.0) -> None:
        """See `Ticker.arm`."""
        self.close()
        if when != inf:
            self._handle = self._loop.call_at(when, self._fired, when, every)

    def close(self) -> None:
        """See `Ticker.close`."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fired(self, when: float, every: float) -> None:
        self._handle = None
        if every > 0:
            # What was missed is not made up for, as the kernel's timer does it.
            missed = max(0.0, (self._loop.time() - when) // every)
            self.arm(when + (missed + 1) * every, every)
        self._callback()


def make_ticker(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Ticker:
    """The most exact timer that this system has."""
    if sys.platform == "linux":
        try:
            return KernelTicker(loop, callback)
        except OSError:
            pass
    return LoopTicker(loop, callback)
