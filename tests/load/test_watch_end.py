"""The end of a watch's window, judged by what the real generator tells: one of its own, or the one a console runs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from console.adapters.clock import SystemClock
from console.adapters.load import LoadSupervisor
from console.engine.handlers.watch_load import PHASE, LoadJudge, unanswered
from console.engine.world import World
from console.model.errors import RuntimeFailedError
from console.model.load import LoadConfig
from console.model.spec import WatchSpec
from console.ports.load import LoadCounts, LoadRun
from console.tui.load_tap import LoadTap
from tests.fakes.stack import FakeStack, make_spec
from tests.load.fault_server import Fault, FaultServer
from tests.load.runs import until

TIMEOUT = 8.0
"""Seconds that an answer may take; a trickling one takes about half of it."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
either = pytest.mark.parametrize("tapped", [False, True], ids=["its own", "the console's"])


@dataclass
class Watched:
    """A load, the generator that sends it, and a watch of it."""

    source: LoadSupervisor
    load: LoadRun
    judge: LoadJudge

    async def settle(self) -> LoadCounts:
        """The window ends now."""
        async with asyncio.timeout(60):
            return await self.judge.settle(lambda: False)


@asynccontextmanager
async def watched(url: str, *, tapped: bool) -> AsyncIterator[Watched]:
    spec = replace(make_spec(), watch=WatchSpec(window=1.0, min_requests=1))
    spec = replace(spec, smoke=replace(spec.smoke, timeout=TIMEOUT))
    ports = replace(FakeStack(spec).session.ports, clock=SystemClock())
    config = LoadConfig(url=url, rate=40.0, phase="cutting over", timeout=spec.answer_timeout)
    source = LoadSupervisor(config)
    try:
        started = await source.start()
        load: LoadRun = source
        if tapped:
            load = LoadTap(source, started, config)
            await load.start()
        await until(lambda: load.counts().due >= 10)
        world = World(
            spec=spec,
            ports=ports,
            rollout=1,
            publish=lambda _: None,
            observed=await ports.observe(),
            hold=None,
            load=load,
        )
        yield Watched(source, load, LoadJudge(load, world))
        await load.close()
    finally:
        await source.close()


@either
async def test_slow_answers_are_no_drops_where_the_window_ends_before_any_snapshot_told_of_it(tapped: bool) -> None:  # noqa: FBT001 - a parameter
    with FaultServer(lambda _: Fault.TRICKLE) as server:
        async with watched(server.url, tapped=tapped) as case:
            await case.load.phase(PHASE)
            await asyncio.sleep(0.06)
            counts = await case.settle()
    assert counts.alive, counts.problem
    assert counts.due > 0
    assert (counts.dropped, counts.done) == (0, counts.due)


@either
async def test_slow_answers_are_no_drops_where_nothing_was_in_flight_as_the_window_ended(tapped: bool) -> None:  # noqa: FBT001 - a parameter
    slow = False
    with FaultServer(lambda _: Fault.TRICKLE if slow else None) as server:
        async with watched(server.url, tapped=tapped) as case:
            await case.load.phase(PHASE)
            await until(lambda: case.load.counts_in(PHASE).done >= 40)
            await case.load.rate(0)  # as the generator does it itself while its starter is stopped
            await until(lambda: case.load.counts_in(PHASE).due == case.load.counts_in(PHASE).done)
            before = case.load.counts_in(PHASE).due
            slow = True
            await case.load.rate(40)
            await asyncio.sleep(0.06)
            counts = await case.settle()
    assert counts.alive, counts.problem
    assert counts.due > before
    assert (counts.dropped, counts.done) == (0, counts.due)


@either
async def test_a_release_that_hangs_does_not_pass_where_the_generator_stood_still_as_the_window_ended(
    tapped: bool,  # noqa: FBT001 - a parameter
) -> None:
    hangs = False
    with FaultServer(lambda _: Fault.NEVER if hangs else None) as server:
        async with watched(server.url, tapped=tapped) as case:
            await case.load.phase(PHASE)
            await until(lambda: case.load.counts_in(PHASE).done >= 40)
            pid = case.source.pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            hangs = True
            ending = asyncio.ensure_future(case.settle())
            await asyncio.sleep(0.5)
            os.kill(pid, signal.SIGCONT)
            with pytest.raises(RuntimeFailedError, match="requests were dropped"):
                await ending


@either
async def test_a_generator_that_was_ended_within_the_window_and_waits_for_older_answers_proves_nothing(
    tapped: bool,  # noqa: FBT001 - a parameter
) -> None:
    with FaultServer(lambda number: Fault.NEVER if number < 5 else None) as server:
        async with watched(server.url, tapped=tapped) as case:
            await case.load.phase(PHASE)
            await until(lambda: case.load.counts_in(PHASE).done >= 20)
            pid = case.source.pid
            assert pid is not None
            os.kill(pid, signal.SIGTERM)
            await until(lambda: case.load.counts().ended != "")
            seen = case.load.counts()
            counts = await case.settle()
            assert case.source.summary is None  # it waits for what the release before never answers
    assert (seen.alive, seen.ended) == (True, "somebody ended the generator (SIGTERM)")
    assert (counts.done, counts.dropped) == (counts.due, 0)
    assert (counts.alive, counts.problem) == (False, f"the load ended before the watch did, {seen.ended}")


@either
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_while_the_generator_tells_nothing_no_release_is_said_to_leave_requests_unanswered(
    how: signal.Signals,
    tapped: bool,  # noqa: FBT001 - a parameter
) -> None:
    hangs = False
    with FaultServer(lambda _: Fault.NEVER if hangs else None) as server:
        async with watched(server.url, tapped=tapped) as case:
            await case.load.phase(PHASE)
            await until(lambda: case.load.counts_in(PHASE).done >= 40)
            hangs = True
            await until(lambda: unanswered(case.load.counts_in(PHASE)) > 0)
            pid = case.source.pid
            assert pid is not None
            os.kill(pid, how)
            told = []
            for _ in range(40):
                case.judge.look()
                told.append(case.judge.so_far())
                await asyncio.sleep(0.1)
    assert told[-1].startswith("no data: the load generator ")
    assert told[-1].endswith(" up to then)")
    assert not [text for text in told if "without an answer" in text]
