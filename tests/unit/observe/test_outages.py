"""What an observer tells while something can't be seen, and how it comes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Replica
from console.observe.observer import StackObserver
from console.observe.sources import Pace
from console.observe.view import Connection, Source
from console.ports.runtime import ReplicaStats
from tests.fakes.stack import FakeStack, make_spec
from tests.unit.observe.clock import ManualClock
from tests.unit.observe.watching import HISTORY, Watching, watching

GONE = RuntimeFailedError("list the containers of shop", "no Docker engine answers", next_command="docker info")


def lose_the_engine(seen: Watching) -> None:
    for call in ("replicas", "stats", "changes"):
        seen.stack.runtime.faults.raises[call] = GONE


def bring_the_engine_back(seen: Watching) -> None:
    seen.stack.runtime.faults.raises.clear()


async def test_an_engine_that_is_gone_is_told_within_seconds_and_what_was_seen_stays() -> None:
    async with watching() as seen:
        await seen.pass_(3)
        lose_the_engine(seen)
        await seen.pass_(2.1)
        view = seen.last
        assert view.connection is Connection.RECONNECTING
        assert view.reconnecting
        assert len(view.observed.running(Color.BLUE)) == 2
        trouble = next(one for one in view.problems if one.source is Source.CONTAINERS)
        assert trouble.text == "could not list the containers of shop: no Docker engine answers"
        assert trouble.next_command == "docker info"
        assert trouble.since.startswith("2026-01-01T00:00:0")
        assert view.sights[Source.CONTAINERS].age(seen.clock.time) is not None


async def test_the_time_since_when_something_is_out_of_sight_is_that_of_the_first_failure() -> None:
    async with watching() as seen:
        lose_the_engine(seen)
        await seen.pass_(6)
        since = {trouble.source: trouble.since for trouble in seen.last.problems}
        age = seen.observer.view.sights[Source.CONTAINERS].age(seen.clock.time)
        await seen.pass_(60)
        assert {trouble.source: trouble.since for trouble in seen.last.problems} == since
        assert age is not None
        assert seen.observer.view.sights[Source.CONTAINERS].age(seen.clock.time) == pytest.approx(age + 60)


async def test_a_gone_engine_is_asked_ever_more_rarely_but_for_ever() -> None:
    async with watching() as seen:
        lose_the_engine(seen)
        await seen.pass_(30)
        asked = {call: seen.called(call) for call in ("replicas", "changes", "stats")}
        await seen.pass_(60)
        for call in ("replicas", "changes"):
            assert 10 <= seen.called(call) - asked[call] <= 16, call
        assert seen.called("stats") == asked["stats"]


async def test_when_the_engine_is_back_the_stream_is_opened_at_once_and_pushes_again() -> None:
    async with watching() as seen:
        lose_the_engine(seen)
        await seen.pass_(30)
        bring_the_engine_back(seen)
        opened = seen.called("changes")
        seen.observer.look()
        await seen.pass_(0.3)
        assert seen.called("changes") == opened + 1, "it does not wait for the rest of its own pause"
        assert seen.last.connection is Connection.LIVE
        await seen.pass_(3)
        assert seen.last.problems == ()
        seen.stack.runtime.lose(Color.BLUE)
        await seen.pass_(0.2)
        assert len(seen.last.observed.running(Color.BLUE)) == 1
        assert seen.last.news[-1].what == "die"


async def test_an_engine_that_was_never_there_is_waited_for() -> None:
    stack = FakeStack(make_spec())
    for call in ("replicas", "stats", "changes"):
        stack.runtime.faults.raises[call] = GONE
    async with watching(stack) as seen:
        assert seen.last.connection is Connection.RECONNECTING
        assert not seen.last.complete
        assert seen.last.observed.replicas == ()
        assert seen.last.sights[Source.CONTAINERS].age(seen.clock.time) is None
        assert seen.last.drift is None
        bring_the_engine_back(seen)
        await seen.pass_(6)
        assert seen.last.complete
        assert seen.last.connection is Connection.LIVE


async def test_a_look_that_gets_no_answer_is_a_problem_after_its_deadline() -> None:
    stack = FakeStack(make_spec())
    async with watching(stack, pace=Pace(deadline=0.02)) as seen:
        stack.runtime.faults.hangs.add("replicas")
        seen.observer.look()
        async with asyncio.timeout(5):
            while not seen.last.reconnecting:
                await seen.pass_(0.1)
        assert any(trouble.text == "no answer within 0.02 s" for trouble in seen.last.problems)
        await seen.pass_(1)
        assert seen.last.connection is Connection.LIVE


async def test_a_stream_that_ends_is_opened_again() -> None:
    stack = FakeStack(make_spec())
    async with watching(stack) as seen:
        opened = seen.called("changes")
        stack.runtime.faults.raises["changes"] = GONE
        lost = stack.runtime.containers[Color.BLUE][0]
        assert seen.observer._stream is not None
        seen.observer._stream.reschedule(0.0)
        await seen.pass_(0.6)
        assert seen.last.connection is Connection.RECONNECTING
        assert seen.called("changes") > opened
        stack.runtime.faults.raises.clear()
        await seen.pass_(1)
        assert seen.last.connection is Connection.LIVE
        stack.runtime._tell(lost, "kill")
        await seen.pass_(0.2)
        assert seen.last.news[-1].what == "kill"


async def test_a_proxy_that_is_gone_is_told_and_what_it_was_is_kept() -> None:
    async with watching() as seen:
        await seen.pass_(2)
        live = seen.last.observed.upstream.live
        assert live is not None
        seen.stack.proxy.gone = True
        await seen.pass_(1.2)
        view = seen.last
        assert view.observed.upstream.live is None
        assert view.last_live is not None
        assert view.last_live.generation == live.generation
        assert [(trouble.source, trouble.text) for trouble in view.problems] == [(Source.PROXY, "the proxy is gone")]
        assert view.drift is None
        assert view.connection is Connection.LIVE
        seen.stack.proxy.gone = False
        await seen.pass_(5.2)
        assert seen.last.problems == ()


async def test_a_gone_proxy_makes_the_replicas_be_looked_at_once() -> None:
    async with watching() as seen:
        await seen.pass_(6)
        looks = seen.called("replicas")
        seen.stack.proxy.gone = True
        await seen.pass_(1.2)
        assert seen.called("replicas") == looks + 1


async def test_state_that_can_t_be_read_is_told() -> None:
    async with watching() as seen:

        def unreadable() -> Color | None:
            raise PermissionError(13, "Permission denied", "active-color")

        real, seen.stack.active.read = seen.stack.active.read, unreadable  # type: ignore[method-assign]
        await seen.pass_(0.5)
        (trouble,) = seen.last.problems
        assert trouble.source is Source.STATE
        assert "Permission denied" in trouble.text
        assert seen.last.observed.recorded is Color.BLUE
        seen.stack.active.read = real  # type: ignore[method-assign]
        await seen.pass_(1.5)
        assert seen.last.problems == ()


async def test_one_replica_that_can_t_be_asked_what_it_uses_hides_no_other() -> None:
    stack = FakeStack(make_spec(replicas=2))
    first, second = stack.runtime.containers[Color.BLUE]
    real = stack.runtime.stats

    async def stats(replica: Replica) -> ReplicaStats:
        if replica.id == first.id:
            raise RuntimeFailedError("read the statistics", "no such container")
        return await real(replica)

    stack.runtime.stats = stats  # type: ignore[method-assign]
    async with watching(stack) as seen:
        await seen.pass_(4)
        assert set(seen.last.usage) == {second.id}
        assert seen.last.problems == ()


async def test_statistics_that_nobody_gives_are_a_problem_of_their_own() -> None:
    async with watching() as seen:
        await seen.pass_(4)
        seen.stack.runtime.faults.raises["stats"] = GONE
        await seen.pass_(4)
        assert [trouble.source for trouble in seen.last.problems] == [Source.STATS]
        assert seen.last.connection is Connection.LIVE
        assert len(seen.last.usage) == 2


async def test_a_sweep_asks_a_few_at_a_time_and_the_next_one_waits_for_it() -> None:
    stack = FakeStack(make_spec(replicas=100))
    stack.runtime.put(Color.GREEN, stack.second, count=100)
    under_way = most = asked = 0
    answer = asyncio.Event()

    async def stats(replica: Replica) -> ReplicaStats:
        nonlocal under_way, most, asked
        asked += 1
        under_way += 1
        most = max(most, under_way)
        await answer.wait()
        under_way -= 1
        return ReplicaStats(cpu_percent=1.0, memory_bytes=len(replica.id) << 20)

    stack.runtime.stats = stats  # type: ignore[method-assign]
    async with watching(stack) as seen:
        await seen.pass_(9)
        assert (most, asked) == (8, 8)
        answer.set()
        await seen.pass_(0.2)
        assert (most, asked) == (8, 200)
        assert len(seen.last.usage) == 200
        await seen.pass_(30)
        assert asked == 200, "a sweep of nine seconds leaves the machine alone for eighty-one"


@pytest.mark.parametrize("call", ["replicas", "changes", "stats", "observe"])
async def test_it_ends_at_once_whatever_it_waits_for(call: str) -> None:
    stack = FakeStack(make_spec())
    (stack.proxy if call == "observe" else stack.runtime).faults.hangs.add(call)
    async with watching(stack) as seen:
        await seen.pass_(2.1)
        async with asyncio.timeout(1):
            await seen.stop()
        assert seen.task.cancelled()
        assert stack.runtime._listeners == []


async def test_a_defect_is_not_taken_for_an_outage() -> None:
    stack = FakeStack(make_spec())
    stack.runtime.faults.raises["replicas"] = ZeroDivisionError("a defect")
    observer = StackObserver(stack.spec, replace(stack.ports, clock=ManualClock()), HISTORY)
    with pytest.raises(ExceptionGroup) as raised:
        await observer.run(lambda _: None)
    assert raised.group_contains(ZeroDivisionError)
