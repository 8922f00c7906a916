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
from math import inf
from typing import Protocol

from console.load.direct_loop import reading

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_SECONDS, _NANOSECONDS = 2, 3
"""Where `struct itimerspec` holds the time of the alarm; before it comes the interval, which stays 0."""


class Ticker(Protocol):
    """A timer with one alarm."""

    def arm(self, when: float) -> None:
        """Call back once at this `time.monotonic()`, at once if it has passed; infinity disarms. Replaces the last."""
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
        self._armed = False
        watch, self._forget = reading(loop)
        watch(self._fd, self._fired)

    def arm(self, when: float) -> None:
        """See `Ticker.arm`."""
        spec = self._spec
        if when == inf:
            spec[_SECONDS] = spec[_NANOSECONDS] = 0
        else:
            seconds = spec[_SECONDS] = int(when)
            # All zero would disarm a timer that should fire at once: a nanosecond after the clock's origin is as past.
            spec[_NANOSECONDS] = int((when - seconds) * 1e9) or 1
        self._armed = True
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._pointer, None)

    def close(self) -> None:
        """See `Ticker.close`."""
        if self._fd >= 0:
            self._forget(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _fired(self) -> None:
        # Setting the timer anew, which the callback mostly does, also takes back that it fired: no read is needed.
        self._armed = False
        self._callback()
        if not self._armed:
            self.arm(inf)


class LoopTicker:
    """The event loop's own timer, up to a millisecond late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, when: float) -> None:
        """See `Ticker.arm`."""
        self.close()
        if when != inf:
            self._handle = self._loop.call_at(when, self._callback)

    def close(self) -> None:
        """See `Ticker.close`."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def make_ticker(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Ticker:
    """The most exact timer that this system has."""
    if sys.platform == "linux":
        try:
            return KernelTicker(loop, callback)
        except OSError:
            pass
    return LoopTicker(loop, callback)
