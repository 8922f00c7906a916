"""Time that goes only when a test says so."""

from __future__ import annotations

import asyncio

TURNS = 60
"""Turns of the loop after which everything that can go on has gone on."""


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class ManualClock:
    """`ports.clock.Clock`; `advance` wakes the sleepers in the order of their times."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> str:
        minutes, seconds = divmod(self.time - 1000.0, 60)
        return f"2026-01-01T00:{int(minutes):02d}:{seconds:06.3f}Z"

    def monotonic(self) -> float:
        return self.time

    def awake(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, done))
        await done

    async def advance(self, seconds: float) -> None:
        end = self.time + seconds
        while True:
            await settle()
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
            due = min((at for at, _ in self._sleepers if at <= end + 1e-9), default=None)
            if due is None:
                break
            self.time = max(self.time, due)
            for at, done in self._sleepers:
                if at <= due and not done.done():
                    done.set_result(None)
        self.time = end
