"""What an observer tells of a stack that can be seen, and when it keeps silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.events import ColorRetired, CutoverSeen, RolloutFinished, StandbyKept, StepProgressed, StepStarted
from console.model.observed import Health, Upstream
from console.model.plan import Action
from console.model.request import Request
from console.observe.sources import Pace
from console.observe.view import Connection, Source, Standby
from console.ports.runtime import ReplicaStats
from tests.fakes.stack import FakeStack, make_spec
from tests.unit.observe.clock import settle
from tests.unit.observe.watching import watching


async def test_the_first_looks_show_the_whole_stack() -> None:
    async with watching() as seen:
        view = seen.last
        assert view.complete
        assert view.connection is Connection.LIVE
        assert [replica.name for replica in view.observed.running(Color.BLUE)] == ["blue-1", "blue-2"]
        assert view.observed.active is view.observed.recorded is Color.BLUE
        assert (view.problems, view.drift, view.lock, view.rollout) == ((), None, None, None)
        assert set(view.sights) == set(Source)


async def test_nothing_is_told_while_nothing_changes() -> None:
    async with watching() as seen:
        await seen.pass_(5)
        before = len(seen.told)
        await seen.pass_(90)
        assert len(seen.told) == before
        assert seen.observer.view.at > seen.last.at + 89


async def test_a_death_is_shown_by_its_event_and_not_by_the_next_poll() -> None:
    async with watching() as seen:
        await seen.pass_(1.7)
        seen.stack.runtime.lose(Color.BLUE)
        await seen.pass_(0.1)
        assert len(seen.last.observed.running(Color.BLUE)) == 1
        news = seen.last.news[-1]
        assert (news.replica, news.what, news.exit_code, news.color) == ("blue-1", "die", 137, Color.BLUE)


async def test_health_is_shown_by_its_event() -> None:
    async with watching() as seen:
        seen.stack.runtime.lose(Color.BLUE, "unhealthy")
        await seen.pass_(0.2)
        assert seen.last.observed.of(Color.BLUE)[0].health is Health.UNHEALTHY


async def test_news_of_a_replica_that_was_never_listed_gets_its_name_with_the_next_look() -> None:
    async with watching() as seen:
        seen.stack.runtime.put(Color.GREEN, seen.stack.second)
        await seen.pass_(0.3)
        assert seen.last.news[-1].replica == "green-3"


async def test_news_of_a_replica_that_nobody_ever_saw_has_the_beginning_of_its_id() -> None:
    async with watching() as seen:
        seen.stack.runtime.put(Color.GREEN, seen.stack.second)
        seen.stack.runtime.containers[Color.GREEN].clear()
        await seen.pass_(0.3)
        assert seen.last.news[-1].replica == "0" * 12


async def test_after_an_event_there_is_one_more_look_since_lists_lag_behind() -> None:
    async with watching() as seen:
        gone = seen.stack.runtime.containers[Color.BLUE][0]
        seen.stack.runtime._tell(gone, "destroy")
        await seen.pass_(0.1)
        assert len(seen.last.observed.of(Color.BLUE)) == 2
        seen.stack.runtime.containers[Color.BLUE].remove(gone)
        await seen.pass_(1.2)
        assert len(seen.last.observed.of(Color.BLUE)) == 1


async def test_a_storm_of_events_is_a_handful_of_looks_and_of_views() -> None:
    stack = FakeStack(make_spec(replicas=100))
    stack.runtime.put(Color.GREEN, stack.second, count=100)
    async with watching(stack) as seen:
        looks, told = seen.called("replicas"), len(seen.told)
        for _ in range(100):
            for _ in range(10):
                stack.runtime.lose(Color.BLUE)
                stack.runtime.containers[Color.BLUE].append(stack.runtime.containers[Color.BLUE].pop(0))
            await seen.pass_(0.01)
        await seen.pass_(0.3)
        assert len(seen.last.observed.running(Color.BLUE)) == 0
        assert seen.last.news[-1].number == 1000
        assert len(seen.last.news) == 50
        assert seen.called("replicas") - looks <= 16
        assert len(seen.told) - told <= 16


async def test_what_the_replicas_use_is_shown_and_summed_by_color() -> None:
    stack = FakeStack(make_spec(replicas=2))
    first, second = stack.runtime.containers[Color.BLUE]
    stack.runtime.uses[first.id] = ReplicaStats(cpu_percent=1.26, memory_bytes=41 * 1024 * 1024 + 9)
    stack.runtime.uses[second.id] = ReplicaStats(cpu_percent=None, memory_bytes=1024 * 1024)
    async with watching(stack) as seen:
        await seen.pass_(4)
        assert seen.last.usage[first.id].cpu_percent == 1.3
        assert seen.last.usage[first.id].memory_bytes == 41 * 1024 * 1024
        assert seen.last.usage_of(Color.BLUE) == (1.3, 42 * 1024 * 1024)
        assert seen.last.usage_of(Color.GREEN) == (None, 0)


async def test_noise_below_what_a_screen_shows_is_no_change() -> None:
    stack = FakeStack(make_spec(replicas=1))
    (only,) = stack.runtime.containers[Color.BLUE]
    async with watching(stack) as seen:
        await seen.pass_(5)
        before = len(seen.told)
        for step in range(10):
            stack.runtime.uses[only.id] = ReplicaStats(cpu_percent=0.5 + step / 1000, memory_bytes=(40 << 20) + step)
            await seen.pass_(2)
        assert len(seen.told) == before


async def test_the_use_of_a_replica_that_stopped_is_not_shown() -> None:
    async with watching() as seen:
        await seen.pass_(4)
        (first, second) = seen.last.usage
        seen.stack.runtime.lose(Color.BLUE)
        await seen.pass_(0.2)
        assert set(seen.last.usage) == {second} != {first}


async def test_which_replica_answered_is_no_change_but_which_color_is() -> None:
    async with watching() as seen:
        await seen.pass_(5)
        before = len(seen.told)
        addresses = [replica.address for replica in seen.stack.runtime.containers[Color.BLUE]]
        for turn in range(6):
            seen.stack.proxy.wrong_address = addresses[turn % 2]
            await seen.pass_(1)
        assert len(seen.told) == before
        seen.stack.runtime.put(Color.GREEN, seen.stack.second)
        seen.stack.proxy.wrong_address = seen.stack.runtime.containers[Color.GREEN][0].address
        await seen.pass_(1.2)
        assert seen.last.observed.served is Color.GREEN


async def test_an_address_that_belongs_to_nobody_makes_the_replicas_be_looked_at() -> None:
    async with watching() as seen:
        await seen.pass_(3)
        looks = seen.called("replicas")
        seen.stack.proxy.wrong_address = "10.0.0.77:8000"
        await seen.pass_(1.3)
        assert seen.called("replicas") == looks + 1


async def test_drift_is_shown_once_two_looks_found_it() -> None:
    async with watching() as seen:
        await seen.pass_(0.6)
        looks = seen.called("observe")
        seen.stack.active.color = Color.GREEN
        seen.observer.look()
        await seen.pass_(0.15)
        assert seen.called("observe") == looks + 1
        assert seen.observer.view.drift is None
        await seen.pass_(0.4)
        drift = seen.last.drift
        assert drift is not None
        assert (drift.state, drift.file, drift.live, drift.moving) == ("green", "blue", "blue", False)
        seen.stack.active.color = Color.BLUE
        await seen.pass_(1.2)
        assert seen.last.drift is None


async def test_what_disagrees_while_a_rollout_moves_things_is_called_that() -> None:
    async with watching() as seen:
        seen.stack.lock.acquire("rollout deploy", since="now")
        seen.stack.proxy.seed(Color.GREEN, 2)
        await seen.pass_(2)
        assert seen.last.drift is not None
        assert seen.last.drift.moving
        seen.stack.active.color = Color.GREEN
        seen.stack.lock.release()
        told = len(seen.told)
        await seen.pass_(3)
        assert [view.drift for view in seen.told[told:] if view.drift and not view.drift.moving] == []
        assert seen.last.drift is None


async def test_what_disagreed_in_a_rollout_is_no_drift_once_it_is_over_until_it_is_found_again() -> None:
    async with watching() as seen:
        seen.stack.lock.acquire("rollout deploy", since="now")
        seen.stack.proxy.seed(Color.GREEN, 2)
        await seen.pass_(2)
        assert seen.last.drift is not None
        seen.stack.proxy.faults.hangs.add("observe")
        await seen.pass_(0.5)
        assert seen.stack.proxy.faults.hanging.is_set()
        seen.stack.active.color = Color.GREEN
        seen.stack.lock.release()
        await seen.pass_(1)
        assert seen.last.lock is None
        assert seen.last.drift is None


async def test_the_proxy_is_looked_at_more_often_while_a_rollout_runs() -> None:
    async with watching() as seen:
        await seen.pass_(2)
        calm = seen.called("observe")
        await seen.pass_(10)
        calm = seen.called("observe") - calm
        label = seen.stack.lock.acquire("rollout deploy", since="now")
        await seen.pass_(1)
        assert seen.last.lock == label
        assert seen.last.rolling
        busy = seen.called("observe")
        await seen.pass_(10)
        assert seen.called("observe") - busy > 2 * calm > 10


async def test_a_whole_rollout_of_another_process_is_shown_from_the_journal() -> None:
    async with watching() as seen:
        outcome = await seen.stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
        assert outcome.result.exit_code == 0
        await seen.pass_(2)
        view = seen.last
        assert view.rollout is not None
        assert view.rollout.over
        assert (view.rollout.number, view.rollout.action, view.rollout.target) == (1, "deploy", Color.GREEN)
        assert [release.id for release in view.history] == [1, 0]
        assert view.release_of(Color.GREEN) == view.history[0]
        assert view.standby is not None
        assert view.standby.color is Color.BLUE
        assert view.observed.active is Color.GREEN
        assert (view.drift, view.abandoned) == (None, False)
        assert sum(len(added.records) for added in seen.heard) == len(seen.stack.journal.kept)


async def test_a_standby_that_was_stopped_by_hand_is_none() -> None:
    stack = FakeStack(make_spec())
    stack.runtime.put(Color.GREEN, stack.second)
    stack.journal.append(rollout=1, at="2026-01-01T00:00:00Z", event=StandbyKept(color=Color.GREEN, seconds=60.0))
    async with watching(stack) as seen:
        assert seen.last.standby == Standby(color=Color.GREEN, since="2026-01-01T00:00:00Z", keep=60.0)
        await stack.runtime.stop(Color.GREEN)
        await seen.pass_(0.3)
        assert seen.last.standby is None


@pytest.mark.parametrize(
    "end", [ColorRetired(color=Color.GREEN), CutoverSeen(color=Color.GREEN, generation=2, served="x")]
)
async def test_a_standby_that_was_retired_or_serves_is_none(end: ColorRetired | CutoverSeen) -> None:
    stack = FakeStack(make_spec())
    stack.runtime.put(Color.GREEN, stack.second)
    stack.journal.append(rollout=1, at="2026-01-01T00:00:00Z", event=StandbyKept(color=Color.GREEN, seconds=60.0))
    async with watching(stack) as seen:
        stack.journal.append(rollout=2, at="2026-01-01T00:00:00Z", event=end)
        await seen.pass_(0.5)
        assert seen.last.standby is None


async def test_a_rollout_without_an_end_is_abandoned_once_nobody_holds_the_lock() -> None:
    stack = FakeStack(make_spec())
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    kept = stack.journal.kept
    stack.journal.kept = [record for record in kept if not isinstance(record.event, RolloutFinished)]
    stack.lock.acquire("rollout deploy", since="now")
    async with watching(stack) as seen:
        assert not seen.last.abandoned
        stack.lock.release()
        await seen.pass_(0.5)
        assert seen.last.abandoned
        stack.journal.kept = kept
        await seen.pass_(0.5)
        assert not seen.last.abandoned


async def test_a_rollout_that_begins_between_two_looks_is_never_called_abandoned() -> None:
    stack = FakeStack(make_spec())
    async with watching(stack) as seen:
        stack.runtime.faults.hangs.add("start")
        running = asyncio.create_task(stack.session.run(Request(action=Action.DEPLOY, image="shop:2")))
        await stack.runtime.faults.hanging.wait()
        real = stack.lock.holder
        answers = iter([None])
        stack.lock.holder = lambda: next(answers, real())  # type: ignore[method-assign]
        await seen.pass_(1)
        assert not any(view.abandoned for view in seen.told)
        assert seen.last.rolling
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_this_process_s_own_progress_is_shown_at_once() -> None:
    async with watching() as seen:
        seen.stack.session.subscribe(seen.observer.notice)
        seen.stack.proxy.ready[Color.GREEN] = None
        seen.stack.runtime.faults.hangs.add("start")
        running = asyncio.create_task(seen.stack.session.run(Request(action=Action.DEPLOY, image="shop:2")))
        await seen.stack.runtime.faults.hanging.wait()
        rollout = seen.observer.view.rollout
        assert rollout is not None
        assert rollout.step is not None
        started = next(record.event for record in reversed(seen.stack.heard) if isinstance(record.event, StepStarted))
        assert rollout.step.id == started.step
        progress = replace(
            seen.stack.heard[-1], sequence=0, event=StepProgressed(step=started.step, text="1 of 2 are there")
        )
        seen.observer.notice(progress)
        assert seen.observer.view.rollout is not None
        assert seen.observer.view.rollout.waiting == "1 of 2 are there"
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_look_can_be_asked_for() -> None:
    async with watching() as seen:
        await seen.pass_(3)
        looks = (seen.called("replicas"), seen.called("observe"))
        seen.observer.look()
        await settle()
        assert (seen.called("replicas"), seen.called("observe")) == (looks[0] + 1, looks[1] + 1)


async def test_a_cutover_by_hand_is_shown_by_the_slow_poll() -> None:
    async with watching() as seen:
        stack = seen.stack
        stack.runtime.put(Color.GREEN, stack.second)
        stack.proxy.write(Upstream(generation=7, color=Color.GREEN, servers=stack.runtime.servers(Color.GREEN)))
        await stack.proxy.apply()
        await seen.pass_(1.2)
        live = seen.last.observed.upstream.live
        assert live is not None
        assert (live.generation, seen.last.observed.served) == (7, Color.GREEN)


async def test_at_most_so_many_views_are_told_a_second() -> None:
    async with watching(pace=Pace(views=2.0)) as seen:
        before = len(seen.told)
        for _ in range(40):
            seen.stack.runtime.put(Color.GREEN, seen.stack.second)
            await seen.pass_(0.05)
        assert 2 <= len(seen.told) - before <= 5


async def test_every_record_is_heard_once_and_first_all_there_are() -> None:
    stack = FakeStack(make_spec())
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    first = len(stack.journal.kept)
    async with watching(stack) as seen:
        await stack.session.run(Request(action=Action.ROLLBACK))
        await seen.pass_(1)
        assert seen.heard[0].anew
        assert len(seen.heard[0].records) == first
        assert [record for added in seen.heard for record in added.records] == stack.journal.kept
        assert not any(added.anew for added in seen.heard[1:])
