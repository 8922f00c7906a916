"""A clock that goes only when somebody sleeps."""

from __future__ import annotations

import asyncio


class FakeClock:
    def __init__(self) -> None:
        self.time = 1000.0
        self.stopped = 0.0

    def now(self) -> str:
        return f"2026-01-01T00:00:{self.time - 1000.0:09.3f}Z"

    def monotonic(self) -> float:
        return self.time

    def awake(self) -> float:
        return self.time - self.stopped

    def stop(self, seconds: float) -> None:
        """The process is stopped for so long."""
        self.time += seconds
        self.stopped += seconds

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)
