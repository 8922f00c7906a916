"""An event loop whose busiest callbacks run straight from the poll.

asyncio wraps each readiness in a handle and a turn of its own, and uvloop asks the kernel four times to register a
socket. A load generator wakes up twice for every request, with cold caches, and does little each time: there the way
to the callback costs as much as the callback. So the sockets and the timer have an `epoll` of their own that the loop
waits on; what asyncio itself waits for (pipes, signals, other threads) lies in an ordinary selector behind it.
"""

from __future__ import annotations

import asyncio
import os
import select
import selectors
from asyncio.events import TimerHandle
from collections.abc import Callable, Mapping
from contextvars import Context
from time import monotonic
from typing import TYPE_CHECKING, TypeVarTuple, Unpack

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

Callback = Callable[[], object]
_Args = TypeVarTuple("_Args")

_BATCH = 128
"""Descriptors looked at in one go; room for more than are ever ready at once costs each call."""
_OTHERS = 2
"""Descriptors without a callback of their own: the timer, and what stands for all that asyncio itself waits for."""

_EXPIRATIONS = 8
"""Bytes in which a timer tells how often it expired."""


def _nothing() -> None:
    """What an alarm does that nobody waits for."""


def expired(timer: int) -> bool:
    """Whether a `timerfd` expired; only when it is told so does the kernel count its next interval."""
    try:
        os.read(timer, _EXPIRATIONS)
    except BlockingIOError:  # it was set anew meanwhile
        return False
    return True


class DirectSelector(selectors.BaseSelector):
    """Calls back for some descriptors itself, and hands out the rest as every selector does. Linux only."""

    def __init__(self) -> None:
        self._inner = selectors.EpollSelector()
        self._epoll = select.epoll()
        self._epoll.register(self._inner.fileno(), select.EPOLLIN)
        self._callbacks: dict[int, Callback] = {}
        self._alarm = -1
        self._on_alarm: Callback = _nothing
        self._rung = self._others = False
        self.looked = 0.0
        """When the kernel was last asked (`time.monotonic()`) and had nothing more to tell than was asked for."""
        self.due = False
        """The loop has something to run that it did not know of when it began to wait."""

    def watch(self, fd: int, callback: Callback) -> None:
        """Call back whenever there is something to read; replaces the callback before."""
        if fd not in self._callbacks:
            self._epoll.register(fd, select.EPOLLIN)
        self._callbacks[fd] = callback

    def forget(self, fd: int) -> bool:
        """Never call back for it again; whether there was anything to forget."""
        known = self._callbacks.pop(fd, None) is not None
        if known:
            self._epoll.unregister(fd)
        return known

    def watch_alarm(self, fd: int, callback: Callback) -> None:
        """Call back each time that this `timerfd` expires, after all that is ready with it. There is only one."""
        self._epoll.register(fd, select.EPOLLIN)
        self._alarm, self._on_alarm = fd, callback

    def forget_alarm(self) -> None:
        """Never call back for the timer again. Idempotent."""
        if self._alarm >= 0:
            self._epoll.unregister(self._alarm)
            self._alarm, self._on_alarm, self._rung = -1, _nothing, False

    def look(self) -> None:
        """Call back for all that can be read by now, without waiting.

        Once for each descriptor, in turn, as the kernel hands them out (man 7 epoll): where answers come faster than
        they are read, this must come to an end all the same.
        """
        began = monotonic()
        for _ in range((len(self._callbacks) + _OTHERS) // _BATCH + 1):
            if not self._look(0):
                return
        self.looked = began

    def _look(self, timeout: float | None) -> bool:
        """Ask the kernel once, and call back; whether there may be more."""
        callbacks = self._callbacks
        ready = self._epoll.poll(timeout, _BATCH)
        if len(ready) < _BATCH:
            self.looked = monotonic()
        for fd, _ in ready:
            callback = callbacks.get(fd)
            if callback is not None:
                callback()
            elif fd == self._alarm:
                self._rung = True
            else:
                self._others = True  # the loop's own, or one that was closed just now
        return len(ready) == _BATCH

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As every selector, after as many direct callbacks as come first."""
        end = None if timeout is None else monotonic() + timeout
        self.due = False
        while True:
            self._others = False
            self._look(timeout)
            if self._rung:
                self._rung = False
                if expired(self._alarm):
                    self._on_alarm()
            if self._others:
                return self._inner.select(0)
            if self.due:
                return []
            if end is not None and (timeout := end - monotonic()) <= 0:
                return []

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        """As every selector."""
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """As every selector."""
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        """As every selector."""
        return self._inner.modify(fileobj, events, data)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        """As every selector."""
        return self._inner.get_map()

    def close(self) -> None:
        """As every selector."""
        self._epoll.close()
        self._inner.close()


class DirectLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop over a `DirectSelector`. An exception in a direct callback ends the loop: it is a bug."""

    def __init__(self) -> None:
        self.direct = DirectSelector()
        super().__init__(self.direct)

    def call_soon(
        self, callback: Callable[[Unpack[_Args]], object], *args: *_Args, context: Context | None = None
    ) -> asyncio.Handle:
        """As every loop; a wait that is under way ends."""
        self.direct.due = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Args]], object],
        *args: *_Args,
        context: Context | None = None,
    ) -> TimerHandle:
        """As every loop; a wait that is under way learns of the new time."""
        self.direct.due = True
        return super().call_at(when, callback, *args, context=context)


def reading(loop: asyncio.AbstractEventLoop) -> tuple[Callable[[int, Callback], object], Callable[[int], object]]:
    """The shortest way that a loop has to call back whenever a descriptor can be read, and the way to end that."""
    if isinstance(loop, DirectLoop):
        return loop.direct.watch, loop.direct.forget
    return loop.add_reader, loop.remove_reader
