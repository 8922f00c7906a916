"""A wait that somebody else can end early."""

from __future__ import annotations

import asyncio

from console.ports.clock import Clock


class Trigger:
    """Pulled any number of times before a wait, it ends that wait once: a storm of events is one reason to look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pulled = False
        self._waiter: asyncio.Future[None] | None = None

    def pull(self) -> None:
        """End the present wait, or the next one."""
        self._pulled = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until pulled, or until so many seconds have passed (None: for ever). Whether it was pulled.

        Only one task may wait at a time.
        """
        if not self._pulled:
            self._waiter = asyncio.get_running_loop().create_future()
            timer = None if seconds is None else asyncio.create_task(self._after(seconds, self._waiter))
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        pulled, self._pulled = self._pulled, False
        return pulled

    async def _after(self, seconds: float, waiter: asyncio.Future[None]) -> None:
        await self._clock.sleep(seconds)
        if not waiter.done():
            waiter.set_result(None)


class Backoff:
    """How long to wait after the how-manieth failure in a row. Seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def failed(self) -> float:
        """How long to wait now."""
        now, self._next = self._next, min(self._next * 2, self._longest)
        return now

    def worked(self) -> None:
        """Start again with the shortest."""
        self._next = self._first
