"""A wait that somebody else can end early."""

from __future__ import annotations

import asyncio

from console.ports.clock import Clock


class Trigger:
    """Pulled any number of times before a wait, it ends that wait once: a storm of events is one reason to look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pulled = asyncio.Event()

    def pull(self) -> None:
        """End the present wait, or the next one."""
        self._pulled.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until pulled, or until so many seconds have passed (None: for ever). Whether it was pulled."""
        if seconds is None:
            await self._pulled.wait()
        elif not self._pulled.is_set():
            waits = {asyncio.ensure_future(self._pulled.wait()), asyncio.ensure_future(self._clock.sleep(seconds))}
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        pulled = self._pulled.is_set()
        self._pulled.clear()
        return pulled


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
