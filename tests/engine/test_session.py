"""The session: who hears what, what is agreed before it is done, and what it leaves alone."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.errors import (
    LockHeldError,
    ReadOnlyError,
    RefusedError,
    RuntimeFailedError,
    RuntimeUnreachableError,
)
from console.model.events import (
    Held,
    Record,
    Resumed,
    RolloutFinished,
    RolloutStarted,
    StepFailed,
    StepProgressed,
    StepStarted,
    Warned,
)
from console.model.plan import Action
from console.model.request import RecoveryChoice, Request, Result
from tests.engine.invariants import assert_at_rest
from tests.fakes.stack import FakeStack, make_spec

BLUE, GREEN = Color.BLUE, Color.GREEN
DEPLOY = Request(action=Action.DEPLOY, image="shop:2")


async def test_listeners_hear_every_record_in_order_as_the_journal_has_them_and_progress_besides() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    durable = [record for record in stack.heard if record.sequence]
    assert durable == stack.journal.kept
    assert [record.sequence for record in durable] == list(range(1, len(durable) + 1))
    beside = {type(record.event) for record in stack.heard if not record.sequence}
    assert beside <= {StepProgressed}
    assert beside


async def test_nobody_hears_of_an_event_before_it_is_durable() -> None:
    stack = FakeStack()
    early: list[Record] = []

    def listen(record: Record) -> None:
        if record.sequence and record not in stack.journal.kept:
            early.append(record)

    stack.session.subscribe(listen)
    await stack.session.run(DEPLOY)
    assert early == []


async def test_a_listener_that_stopped_listening_hears_nothing_more_and_may_stop_twice() -> None:
    stack = FakeStack()
    heard: list[Record] = []

    def once(record: Record) -> None:
        heard.append(record)
        stop()
        stop()

    stop = stack.session.subscribe(once)
    await stack.session.run(DEPLOY)
    assert len(heard) == 1


async def test_a_slow_listener_delays_a_rollout_but_loses_and_breaks_nothing() -> None:
    stack = FakeStack()
    heard: list[Record] = []

    def slow(record: Record) -> None:
        time.sleep(0.002)
        heard.append(record)

    stack.session.subscribe(slow)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.DONE
    assert heard == stack.heard
    await assert_at_rest(stack, outcome)


async def test_the_start_tells_everything_that_was_asked_and_agreed() -> None:
    stack = FakeStack()
    plan = await stack.session.plan(DEPLOY)
    await stack.session.run(DEPLOY, expected=plan)
    (started,) = [event for event in stack.events(RolloutStarted) if isinstance(event, RolloutStarted)]
    assert (started.action, started.target, started.previous) == ("deploy", GREEN, BLUE)
    assert (started.user, started.host, started.pid, started.command) == ("ann", "here", 7, "rollout deploy")
    assert (started.image, started.source, started.cutover, started.release) == ("shop:2", "auto", True, None)
    assert started.plan == tuple(plan.render().splitlines())
    assert started.fence == 1
    assert started.project == "shop"


async def test_a_plan_touches_nothing_takes_no_lock_and_leaves_no_record() -> None:
    stack = FakeStack(read_only=True)
    for action in (Action.DEPLOY, Action.UP):
        await stack.session.plan(Request(action=action, image="shop:2"))
    assert (stack.runtime.touched, stack.proxy.flips, stack.journal.kept, stack.lock.fence) == ([], [], [], 0)


async def test_a_plan_is_what_a_run_then_does() -> None:
    stack = FakeStack()
    plan = await stack.session.plan(DEPLOY)
    await stack.session.run(DEPLOY, expected=plan)
    steps = [event.step for event in stack.events(StepStarted) if isinstance(event, StepStarted)]
    assert steps == [planned.id for planned in plan.steps]


@pytest.mark.parametrize("choice", list(RecoveryChoice))
async def test_a_read_only_session_recovers_nothing(choice: RecoveryChoice) -> None:
    stack = FakeStack(read_only=True)
    stack.active.color = GREEN
    with pytest.raises(ReadOnlyError):
        await stack.session.recover(choice)
    assert stack.active.color is GREEN
    assert (await stack.session.verdict()).choices == (RecoveryChoice.ADOPT,)


async def test_two_rollouts_of_one_session_are_refused_and_the_first_goes_on() -> None:
    stack = FakeStack()
    stack.runtime.faults.hangs.add("start")
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    await asyncio.wait_for(stack.runtime.faults.hanging.wait(), 60)
    assert stack.session.running
    for request in (DEPLOY, Request(action=Action.ROLLBACK)):
        with pytest.raises(RefusedError, match="a rollout of this session is running"):
            await stack.session.run(request)
    with pytest.raises(RefusedError):
        stack.session.break_lock()
    assert stack.lock.label is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stack.session.running
    assert (await stack.session.run(DEPLOY)).result is Result.DONE


async def test_a_lock_that_is_held_elsewhere_is_told_before_anything_is_looked_at() -> None:
    stack = FakeStack()
    stack.lock.acquire("elsewhere", since="then")
    with pytest.raises(LockHeldError):
        await stack.session.recover(RecoveryChoice.ADOPT)
    assert stack.runtime.faults.calls == []
    assert stack.lock.label is not None


@pytest.mark.parametrize("call", ["replicas", "resolve"])
async def test_a_stack_that_can_not_be_seen_gives_the_lock_back_and_numbers_no_rollout(call: str) -> None:
    stack = FakeStack()
    stack.runtime.faults.raises[call] = RuntimeFailedError("look", "no daemon")
    with pytest.raises(RuntimeFailedError):
        await stack.session.run(DEPLOY)
    assert (stack.lock.label, stack.journal.kept, stack.session.running) == (None, [], False)


async def test_an_abort_before_the_first_step_ends_it_there() -> None:
    stack = FakeStack()
    stack.proxy.faults.hangs.add("observe")
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    await asyncio.wait_for(stack.proxy.faults.hanging.wait(), 60)
    stack.session.abort("SIGINT")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (stack.journal.kept, stack.lock.label, stack.runtime.touched) == ([], None, [])


async def test_an_abort_without_a_rollout_is_nothing() -> None:
    stack = FakeStack()
    stack.session.abort("SIGINT")
    stack.session.hold()
    stack.session.resume()
    assert stack.journal.kept == []
    assert (await stack.session.run(DEPLOY)).result is Result.DONE


async def test_the_first_to_abort_is_remembered_and_recorded_once() -> None:
    stack = FakeStack()

    def abort(record: Record) -> None:
        if isinstance(record.event, StepStarted) and record.event.step == "await-ready":
            stack.session.abort("SIGINT")
            stack.session.abort("SIGTERM")

    stack.session.subscribe(abort)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.message.startswith("ended by SIGINT")
    await assert_at_rest(stack, outcome)


async def test_a_held_rollout_says_before_which_step_and_an_abort_lets_it_go() -> None:
    stack = FakeStack()

    def hold(record: Record) -> None:
        if isinstance(record.event, StepStarted) and record.event.step == "smoke-replicas":
            stack.session.hold()
        if isinstance(record.event, Held):
            asyncio.get_running_loop().call_soon(stack.session.abort, "ann")

    stack.session.subscribe(hold)
    outcome = await stack.session.run(DEPLOY)
    assert stack.events(Held) == [Held(before_step="write")]
    assert stack.events(Resumed) == []
    assert (outcome.result, outcome.active) == (Result.INTERRUPTED, BLUE)
    await assert_at_rest(stack, outcome)


async def test_a_hold_within_the_cutover_takes_effect_only_once_it_is_recorded() -> None:
    stack = FakeStack()

    def hold(record: Record) -> None:
        if isinstance(record.event, StepStarted) and record.event.step == "validate":
            stack.session.hold()
        if isinstance(record.event, Held):
            asyncio.get_running_loop().call_soon(stack.session.resume)

    stack.session.subscribe(hold)
    outcome = await stack.session.run(DEPLOY)
    assert stack.events(Held) == [Held(before_step="smoke-proxy")]
    assert stack.events(Resumed) == [Resumed(before_step="smoke-proxy")]
    assert outcome.result is Result.DONE


async def test_one_replica_that_fails_its_smoke_ends_the_questions_to_the_others() -> None:
    stack = FakeStack(make_spec(replicas=3))
    stack.proxy.smoke[GREEN] = 500
    asked: list[str] = []
    after: list[str] = []

    def listen(record: Record) -> None:
        if isinstance(record.event, StepFailed):
            stack.proxy.faults.watch = after.append

    stack.session.subscribe(listen)
    stack.proxy.faults.watch = asked.append
    assert (await stack.session.run(DEPLOY)).result is Result.ABORTED
    assert "probe_replica" in asked
    assert "probe_replica" not in after


@pytest.mark.parametrize("recorded", [None, GREEN])
async def test_a_record_that_is_missing_is_said_and_the_live_proxy_decides(recorded: Color | None) -> None:
    stack = FakeStack()
    stack.active.color = recorded
    stack.proxy.file, stack.proxy.running, stack.proxy.generation = None, None, 0
    if recorded is not None:
        with pytest.raises(RefusedError, match="DRIFT: state green, file missing, live blue"):
            await stack.session.run(DEPLOY)
        return
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.DONE, GREEN)
    texts = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert "no color is recorded: blue answers through the proxy" in texts


async def test_a_proxy_that_does_not_tell_its_version_costs_no_receipt() -> None:
    stack = FakeStack()
    stack.proxy.faults.raises["versions"] = RuntimeUnreachableError("ask the proxy", "the engine is gone")
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.DONE
    (kept,) = stack.receipts.written
    assert "nginx" not in dict(kept.versions)


@pytest.mark.parametrize("files", [(), ("/elsewhere/docker-compose.yml",), ("/a/docker-compose.yml", "/a/prod.yml")])
async def test_other_compose_files_than_the_serving_color_was_created_from_are_told(files: tuple[str, ...]) -> None:
    stack = FakeStack()
    (blue,) = stack.runtime.containers[Color.BLUE]
    stack.runtime.containers[Color.BLUE] = [replace(blue, compose_files=files)]
    assert (await stack.session.run(DEPLOY)).result is Result.DONE
    told = [event for event in stack.events(Warned) if isinstance(event, Warned) and "was created from" in event.text]
    if len(files) < 2:
        assert told == []
    else:
        (warned,) = told
        assert (
            warned.text == "blue-1 was created from docker-compose.yml, prod.yml; this rollout uses docker-compose.yml"
        )
        assert warned.hint == "end it, and add -f /a/docker-compose.yml -f /a/prod.yml"


async def test_a_proxy_that_is_not_there_is_told_before_anything_is_touched() -> None:
    stack = FakeStack()
    stack.proxy.file, stack.active.color = None, None
    stack.proxy.running, stack.proxy.generation, stack.proxy.gone = None, 0, True
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.next_command) == (Result.ABORTED, "rollout up")
    assert "the proxy is gone" in outcome.message
    assert stack.runtime.touched == []


async def test_rollouts_are_numbered_one_after_the_other_whatever_becomes_of_them() -> None:
    stack = FakeStack()
    numbers = []
    for _ in range(2):
        numbers.append((await stack.session.run(DEPLOY)).rollout)
        stack.proxy.ready[GREEN] = stack.proxy.ready[BLUE] = 503
        numbers.append((await stack.session.run(DEPLOY)).rollout)
        stack.proxy.ready[GREEN] = stack.proxy.ready[BLUE] = 200
    assert numbers == [1, 2, 3, 4]
    ends = [event.outcome for event in stack.events(RolloutFinished) if isinstance(event, RolloutFinished)]
    assert ends == ["done", "aborted", "done", "aborted"]


async def test_closing_closes_both_ends() -> None:
    stack = FakeStack()
    await stack.session.close()
    assert "close" in stack.proxy.faults.calls
    assert "close" in stack.runtime.faults.calls
