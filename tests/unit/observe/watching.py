"""An observer on a stack of fakes, under a clock that a test moves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from console.engine import history
from console.engine.world import Ports
from console.observe.follow import Added
from console.observe.observer import StackObserver
from console.observe.sources import History, Pace
from console.observe.view import StackView
from tests.fakes.stack import FakeStack, make_spec
from tests.unit.observe.clock import ManualClock, settle

HISTORY = History(releases=history.recent, standby=history.standby_since)


@dataclass(kw_only=True)
class Watching:
    """What was told so far, and the strings to pull."""

    stack: FakeStack
    clock: ManualClock
    observer: StackObserver
    task: asyncio.Task[None]
    told: list[StackView] = field(default_factory=list)
    heard: list[Added] = field(default_factory=list)

    @property
    def last(self) -> StackView:
        """What a screen shows now: the last view that was told."""
        return self.told[-1]

    async def pass_(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.advance(seconds)

    def called(self, what: str) -> int:
        """How often the runtime or the proxy was asked something."""
        calls = [*self.stack.runtime.faults.calls, *self.stack.proxy.faults.calls]
        return calls.count(what)

    async def stop(self) -> None:
        """Cancel the observer; returns when it has ended."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@asynccontextmanager
async def watching(
    stack: FakeStack | None = None, *, pace: Pace | None = None, started: bool = True
) -> AsyncIterator[Watching]:
    """Observe a stack; `started` lets the first looks happen."""
    stack = stack or FakeStack(make_spec(replicas=2))
    clock = ManualClock()
    ports: Ports = replace(stack.ports, clock=clock)
    observer = StackObserver(stack.spec, ports, HISTORY, pace=pace)
    told: list[StackView] = []
    heard: list[Added] = []
    task = asyncio.create_task(observer.run(told.append, hear=heard.append))
    found = Watching(stack=stack, clock=clock, observer=observer, task=task, told=told, heard=heard)
    try:
        if started:
            await found.pass_(1.0)
        await settle()
        yield found
    finally:
        await found.stop()
