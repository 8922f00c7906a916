"""The connections that lie idle. None is used again before it was looked at, as browsers do it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from time import monotonic

from console.load.connection import Connection
from console.load.direct_loop import DirectLoop

_RECENT = 1e-4
"""Seconds; a look that long ago still counts. A connection may be closed within them, as it may on the way there."""


class IdlePool:
    """Hands out connections that are still open with nothing unasked in them, the one that lay idle longest first.

    One look at all of them by way of the loop's own poll, which it makes anyway, costs less than a look at each. What
    ended or spoke meanwhile reports to its owner, who removes it here.
    """

    __slots__ = ("_answered", "_direct", "_quiet", "add")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._direct = loop.direct if isinstance(loop, DirectLoop) else None
        self._quiet: deque[Connection] = deque()
        """They were idle already when the kernel was asked last."""
        self._answered: deque[Connection] = deque()
        self.add = self._answered.append
        """It got its answer just now."""

    def __len__(self) -> int:
        return len(self._quiet) + len(self._answered)

    def __iter__(self) -> Iterator[Connection]:
        yield from self._quiet
        yield from self._answered

    def take(self) -> Connection | None:
        """One that can be used, no longer idle; None if there is none."""
        direct, quiet, answered = self._direct, self._quiet, self._answered
        if direct is None:
            return self._take_by_itself()
        if quiet and monotonic() - direct.looked > _RECENT:
            direct.look()
        while not quiet:
            if not answered:
                return None
            quiet.extend(answered)
            answered.clear()
            direct.look()
        return quiet.popleft()

    def take_oldest(self) -> Connection | None:
        """The one that lay idle longest, whatever became of it; None if there is none."""
        for queue in (self._quiet, self._answered):
            if queue:
                return queue.popleft()
        return None

    def remove(self, connection: Connection) -> None:
        """Not idle any more. Idempotent."""
        for queue in (self._quiet, self._answered):
            if connection in queue:
                queue.remove(connection)

    def clear(self) -> None:
        """Forget them all."""
        self._quiet.clear()
        self._answered.clear()

    def _take_by_itself(self) -> Connection | None:
        while self._answered:
            connection = self._answered.popleft()
            if connection.usable():
                return connection
        return None
