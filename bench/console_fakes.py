"""A console over a stack of fakes, with as many containers as wanted: `python -m bench.console_fakes REPLICAS`.

Both colors get so many. What they use changes a little at every look, as it does on a real machine.
"""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from console.adapters.clock import SystemClock
from console.engine.session import Session
from console.model.observed import Replica
from console.ports.runtime import ReplicaStats
from console.tui.launch import Launch, Plain, open_console
from tests.fakes.runtime import FakeRuntime
from tests.fakes.stack import ACTOR, FakeStack, make_spec

WATCH = 3.0
"""Seconds of a rollout that are spent watching: the rest of it takes no time over fakes."""


class BusyRuntime(FakeRuntime):
    async def stats(self, replica: Replica) -> ReplicaStats:
        await super().stats(replica)
        return ReplicaStats(cpu_percent=random.uniform(0.3, 0.5), memory_bytes=random.randint(40, 42) << 20)


def main() -> int:
    stack = FakeStack(make_spec(replicas=int(sys.argv[1]), window=WATCH))
    stack.runtime.__class__ = BusyRuntime
    session = Session(stack.spec, replace(stack.ports, clock=SystemClock()), ACTOR)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Session]:
        yield session

    return open_console(Launch(open_session=opened, plain=_nobody))


def _nobody() -> Plain:
    raise AssertionError("nobody leaves this screen in mid-rollout")


if __name__ == "__main__":
    sys.exit(main())
