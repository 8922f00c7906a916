"""Ways back under trouble of their own: a full disk, a lost lock, a long drain, a second cancellation."""

from __future__ import annotations

import asyncio

import pytest

from console.engine.repair import Repair
from console.model.color import Color
from console.model.errors import ProxyUnreachableError, RuntimeFailedError
from console.model.events import (
    ActiveRecorded,
    PhaseChanged,
    ReleaseServed,
    RolloutFinished,
    StepFailed,
    StepStarted,
    Warned,
)
from console.model.phase import Phase
from console.model.plan import Action
from console.model.request import Request, Result
from tests.engine.invariants import assert_at_rest, assert_journal_is_whole, assert_traffic_was_safe
from tests.fakes.stack import FakeStack, make_spec
from tests.support.events import entering

BLUE, GREEN = Color.BLUE, Color.GREEN
DEPLOY = Request(action=Action.DEPLOY, image="shop:2")


def bad() -> FakeStack:
    """A stack whose next release fails once it gets traffic."""
    stack = FakeStack()
    stack.proxy.fresh_failure = 502
    return stack


def warnings(stack: FakeStack) -> list[str]:
    return [event.text for event in stack.events(Warned) if isinstance(event, Warned)]


def phases(stack: FakeStack) -> list[Phase]:
    return [event.after for event in stack.events(PhaseChanged) if isinstance(event, PhaseChanged)]


async def test_a_release_that_fails_is_rolled_back_even_when_the_journal_can_not_be_written() -> None:
    stack = bad()

    def fill(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "smoke-proxy":
            stack.journal.error = OSError(28, "No space left on device")

    stack.session.subscribe(fill)
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active, stack.proxy.color) == (Result.ROLLED_BACK, BLUE, BLUE)
    assert any("journal can't be written: No space left" in text for text in warnings(stack))
    assert_traffic_was_safe(stack)


async def test_a_later_rollout_does_not_begin_on_a_disk_that_is_still_full() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.journal.error = OSError(28, "No space left on device")
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.ABORTED
    assert outcome.next_command == "df -h"
    assert stack.proxy.flips == [GREEN]


@pytest.mark.parametrize("call", ["logs", "stop"])
async def test_a_clean_up_that_fails_after_a_rollback_is_a_warning(call: str) -> None:
    stack = bad()
    stack.runtime.faults.raises[call] = RuntimeFailedError(call, "no daemon")
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, BLUE)
    assert any("green was not stopped" in text for text in warnings(stack))
    await assert_at_rest(stack, outcome)


async def test_a_defect_in_the_clean_up_after_a_rollback_is_told_with_an_end() -> None:
    stack = bad()
    stack.runtime.faults.raises["logs"] = KeyError("oops")
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    assert "KeyError" in outcome.message
    assert (stack.proxy.color, stack.active.color) == (BLUE, BLUE)
    assert_journal_is_whole(stack)


async def test_a_lock_that_is_lost_in_the_clean_up_leaves_the_rest_to_whoever_took_it() -> None:
    stack = bad()

    def take(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, ActiveRecorded) and event.color is BLUE:
            stack.lock.lost_after = 0

    stack.session.subscribe(take)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    assert "taken over" in outcome.message
    assert ("stop", GREEN) not in stack.runtime.touched
    assert_journal_is_whole(stack)


async def test_an_abort_after_the_lock_was_lost_records_nothing() -> None:
    stack = FakeStack()

    def meddle(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "record":
            stack.lock.lost_after = 0
            stack.active.error = OSError(5, "Input/output error")

    stack.session.subscribe(meddle)
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.NEEDS_HUMAN
    assert stack.active.color is BLUE
    assert_journal_is_whole(stack)


async def test_the_time_for_a_way_back_covers_every_wait_in_it() -> None:
    stack = FakeStack(make_spec(replicas=2))
    spec = stack.spec
    repair = Repair.__new__(Repair)
    repair._world = type("World", (), {"spec": spec})()
    waits = spec.ready.deadline + spec.drain.deadline + spec.stop_grace + spec.smoke.attempts * spec.smoke.timeout
    assert repair.deadline > waits + 30


async def test_a_cancellation_in_the_middle_of_recording_still_completes_the_record() -> None:
    stack = FakeStack()

    def hang(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, ActiveRecorded) and not stack.runtime.faults.hanging.is_set():
            stack.runtime.faults.hangs.add("replicas")

    stack.session.subscribe(hang)
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    await asyncio.wait_for(stack.runtime.faults.hanging.wait(), 60)
    task.cancel()
    stack.runtime.faults.hangs.clear()
    with pytest.raises(asyncio.CancelledError):
        await task
    served = [event.color for event in stack.events(ReleaseServed) if isinstance(event, ReleaseServed)]
    assert served == [GREEN]
    assert stack.active.color is GREEN
    await assert_at_rest(stack)


async def test_what_serves_but_can_not_be_recorded_after_an_abort_is_said() -> None:
    stack = FakeStack()
    stack.session.subscribe(entering("record", lambda: stack.runtime.faults.hangs.add("replicas")))
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    await asyncio.wait_for(stack.runtime.faults.hanging.wait(), 60)
    stack.active.error = OSError(28, "No space left on device")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert any("green serves but could not be recorded" in text for text in warnings(stack))
    assert_journal_is_whole(stack)


@pytest.mark.parametrize("times", [2, 5])
async def test_cancelling_again_and_again_does_not_tear_a_rollback_apart(times: int) -> None:
    stack = bad()

    def cancel_soon(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepFailed) and event.step == "smoke-proxy":
            for number in range(times):
                asyncio.get_running_loop().call_later(0.001 * number, task.cancel)

    stack.session.subscribe(cancel_soon)
    task = asyncio.ensure_future(stack.session.run(DEPLOY))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert phases(stack)[-1] is Phase.ROLLED_BACK
    assert (stack.proxy.color, stack.active.color) == (BLUE, BLUE)
    await assert_at_rest(stack)


async def test_an_abort_while_it_rolls_back_does_not_stop_the_rollback() -> None:
    stack = bad()

    def abort(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step.startswith("rollback-"):
            stack.session.abort("SIGINT")

    stack.session.subscribe(abort)
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, BLUE)
    await assert_at_rest(stack, outcome)


ROLLBACK_CALLS = ["probe_replica", "validate", "apply", "applied", "read_back"]


@pytest.mark.parametrize("call", ROLLBACK_CALLS)
async def test_a_rollback_that_can_not_reach_the_proxy_says_what_serves_and_never_exits_2(call: str) -> None:
    stack = bad()

    def lose(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepFailed) and event.step == "smoke-proxy":
            stack.proxy.faults.raises[call] = ProxyUnreachableError(call, "no container")

    stack.session.subscribe(lose)
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.result.exit_code, outcome.active) == (Result.NEEDS_HUMAN, 1, stack.proxy.color)
    assert f"{stack.proxy.color.value} serves" in outcome.message
    assert outcome.next_command
    assert_traffic_was_safe(stack)
    assert_journal_is_whole(stack)


ENDS = {
    Result.DONE: {Phase.DONE},
    Result.ROLLED_BACK: {Phase.ROLLED_BACK},
    Result.ABORTED: {Phase.ABORTED},
    Result.NEEDS_HUMAN: {Phase.NEEDS_HUMAN},
    Result.INTERRUPTED: {Phase.ABORTED, Phase.DONE},
}


FAILURES: list[tuple[str, str, Exception]] = [
    ("proxy", call, error)
    for call in ("observe", "probe_replica", "write", "validate", "apply", "applied", "read_back", "probe_url",
                 "old_workers", "restore")
    for error in (ProxyUnreachableError(call, "gone"), OSError(5, "Input/output error"), ZeroDivisionError(call))
] + [
    ("runtime", call, error)
    for call in ("keep_image", "start", "started", "changes", "stop", "logs", "remove")
    for error in (RuntimeFailedError(call, "no daemon"), OSError(5, "Input/output error"), ZeroDivisionError(call))
]  # fmt: skip


@pytest.mark.parametrize("standby", [False, True], ids=["first", "second"])
@pytest.mark.parametrize(("port", "call", "error"), FAILURES, ids=lambda value: getattr(value, "__name__", str(value)))
async def test_whatever_fails_has_one_end_and_leaves_a_color_serving(
    port: str, call: str, error: Exception, *, standby: bool
) -> None:
    stack = FakeStack()
    if standby:
        await stack.session.run(DEPLOY)
        stack.heard.clear()
        stack.receipts.written.clear()
    faults = stack.runtime.faults if port == "runtime" else stack.proxy.faults

    def break_it(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "preflight":
            faults.raises[call] = error

    stack.session.subscribe(break_it)
    outcome = await stack.session.run(DEPLOY)
    faults.raises.clear()
    assert phases(stack)[-1] in ENDS[outcome.result]
    finished = [event for event in stack.events(RolloutFinished) if isinstance(event, RolloutFinished)]
    assert [(event.outcome, event.exit_code) for event in finished] == [(outcome.result, outcome.result.exit_code)]
    assert_traffic_was_safe(stack)
    assert_journal_is_whole(stack)
    observed = await stack.session.observe()
    assert observed.served is not None
    if outcome.result is not Result.NEEDS_HUMAN:
        unseen = call == "observe"  # by its contract it never raises; should it, nobody can tell what serves
        await assert_at_rest(stack, None if unseen else outcome)
    elif observed.drift is not None:
        assert (await stack.session.verdict()).choices
