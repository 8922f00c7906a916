"""A clock that goes only when somebody sleeps."""

from __future__ import annotations

import asyncio


class FakeClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> str:
        return f"2026-01-01T00:00:{self.time - 1000.0:09.3f}Z"

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)
