"""The warm standby: since when it waits, and when there is none any more."""

from __future__ import annotations

import pytest

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.events import ColorRetired, RequestsCut, StandbyKept, StepStarted
from console.model.plan import Action
from console.model.request import Request, Result
from tests.engine.invariants import assert_at_rest
from tests.fakes.stack import FakeStack

BLUE, GREEN = Color.BLUE, Color.GREEN
DEPLOY = Request(action=Action.DEPLOY, image="shop:2")
RETIRE = Request(action=Action.RETIRE)
DRAIN = Request(action=Action.DRAIN)
ROLLBACK = Request(action=Action.ROLLBACK)


def waiting(stack: FakeStack) -> Color | None:
    """The color that waits as a warm standby, by the journal."""
    record = stack.session.standby_since()
    assert record is None or isinstance(record.event, StandbyKept)
    return record.event.color if record and isinstance(record.event, StandbyKept) else None


async def test_before_any_rollout_nothing_waits() -> None:
    assert waiting(FakeStack()) is None


async def test_the_color_that_was_left_waits_since_its_rollout() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    assert waiting(stack) is BLUE
    record = stack.session.standby_since()
    assert record is not None
    assert record.rollout == 1
    assert record.at == next(kept.at for kept in stack.journal.kept if isinstance(kept.event, StandbyKept))


async def test_each_rollout_leaves_another_color_waiting() -> None:
    stack = FakeStack()
    left = []
    for request in (DEPLOY, ROLLBACK, DEPLOY, DEPLOY):
        await stack.session.run(request)
        left.append(waiting(stack))
    assert left == [BLUE, GREEN, BLUE, GREEN]


async def test_a_retired_color_waits_no_more() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    outcome = await stack.session.run(RETIRE)
    assert (outcome.result, outcome.active) == (Result.DONE, GREEN)
    assert waiting(stack) is None
    assert not any(replica.running for replica in stack.runtime.containers[BLUE])
    await assert_at_rest(stack, outcome)


async def test_a_standby_that_the_next_deploy_removes_waits_no_more_even_when_that_deploy_fails() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.ready[BLUE] = 503
    outcome = await stack.session.run(DEPLOY)
    assert outcome.result is Result.ABORTED
    assert waiting(stack) is None
    assert stack.events(ColorRetired) == [ColorRetired(color=BLUE)]


async def test_a_standby_that_serves_again_waits_no_more_even_before_the_rollback_is_over() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    seen = []

    def look(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step in {"write", "drain"}:
            seen.append(waiting(stack))

    stack.session.subscribe(look)
    await stack.session.run(ROLLBACK)
    assert seen == [BLUE, None]


async def test_a_deploy_without_cutover_over_a_standby_ends_it() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:1", cutover=False))
    assert waiting(stack) is None


async def test_a_rollout_that_went_back_leaves_no_standby() -> None:
    stack = FakeStack()
    stack.proxy.fresh_failure = 502
    assert (await stack.session.run(DEPLOY)).result is Result.ROLLED_BACK
    assert waiting(stack) is None


async def test_a_drain_waits_for_what_is_in_flight_and_stops_nothing() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.flights[BLUE] = 5
    stack.runtime.touched.clear()
    outcome = await stack.session.run(DRAIN)
    assert (outcome.result, outcome.active) == (Result.DONE, GREEN)
    assert stack.proxy.flights[BLUE] == 0
    assert stack.runtime.touched == []
    assert waiting(stack) is BLUE
    await assert_at_rest(stack, outcome)


async def test_a_retirement_waits_for_what_is_in_flight_before_it_stops_anything() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.flights[BLUE] = 5
    left = []
    stack.runtime.faults.watch = lambda name: left.append(stack.proxy.flights[BLUE]) if name == "stop" else None
    outcome = await stack.session.run(RETIRE)
    assert outcome.result is Result.DONE
    assert left == [0]
    assert not stack.events(RequestsCut)


async def test_a_retirement_of_a_color_that_never_gets_empty_still_leaves_the_stop_its_time() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.flights[BLUE] = 10_000
    times: dict[str, float] = {}

    def look(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "stop":
            times["step"] = stack.clock.time

    stack.session.subscribe(look)
    stack.runtime.faults.watch = lambda name: times.update({name: stack.clock.time})
    outcome = await stack.session.run(RETIRE)
    assert outcome.result is Result.DONE
    assert times["stop"] == times["step"]
    assert stack.events(RequestsCut)


@pytest.mark.parametrize("state", ["by generation", "by address", "without a file", "unseen"])
async def test_a_color_that_gets_the_traffic_meanwhile_is_not_stopped(state: str) -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)

    def meddle(record: object) -> None:
        event = getattr(record, "event", None)
        if not isinstance(event, StepStarted) or event.step != "stop":
            return
        match state:
            case "by generation":
                stack.proxy.seed(BLUE, 9)
                stack.proxy.wrong_address = "10.9.9.9:8000"
            case "by address":
                stack.proxy.wrong_address = stack.runtime.containers[BLUE][0].address
            case "without a file":
                stack.proxy.running, stack.proxy.generation = None, 0
                stack.proxy.wrong_address = "10.9.9.9:8000"
            case _:
                stack.proxy.gone = True

    stack.session.subscribe(meddle)
    outcome = await stack.session.run(RETIRE)
    assert outcome.result is Result.ABORTED
    assert "could not stop blue" in outcome.message
    assert all(replica.running for replica in stack.runtime.containers[BLUE])


async def test_an_interrupted_drain_moved_nothing_and_says_so() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.flights[BLUE] = 10_000

    def abort(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "drain":
            stack.session.abort("SIGTERM")

    stack.session.subscribe(abort)
    outcome = await stack.session.run(DRAIN)
    assert (outcome.result, outcome.active) == (Result.INTERRUPTED, GREEN)
    assert "no traffic was moved, green serves" in outcome.message
    await assert_at_rest(stack, outcome)


@pytest.mark.parametrize("request_", [RETIRE, DRAIN])
async def test_without_a_standby_there_is_nothing_to_do(request_: Request) -> None:
    stack = FakeStack()
    with pytest.raises(RefusedError, match="green has no running replica"):
        await stack.session.run(request_)
    assert (stack.journal.kept, stack.lock.label) == ([], None)
