"""Rollbacks: which release comes back, on which color, and what the history says of it."""

from __future__ import annotations

import asyncio

import pytest

from console.model.color import Color
from console.model.errors import RefusedError, RuntimeFailedError
from console.model.events import ReleaseServed, StepStarted, StepSucceeded, Warned
from console.model.observed import ReplicaState
from console.model.plan import Action
from console.model.request import Request, Result
from tests.engine.invariants import assert_at_rest
from tests.fakes.stack import FakeStack, make_spec
from tests.support.events import entering

BLUE, GREEN = Color.BLUE, Color.GREEN
ROLLBACK = Request(action=Action.ROLLBACK)
RETIRE = Request(action=Action.RETIRE)


def deploy(image: str) -> Request:
    return Request(action=Action.DEPLOY, image=image)


def back_to(number: int) -> Request:
    return Request(action=Action.ROLLBACK, to_release=number)


async def stack_after(*images: str, replicas: int = 1) -> FakeStack:
    """A stack that was deployed to with these images, one after the other."""
    stack = FakeStack(make_spec(replicas=replicas))
    for image in images:
        stack.runtime.images.get(image) or stack.runtime.add_image(image)
        assert (await stack.session.run(deploy(image))).result is Result.DONE
    return stack


def numbers(stack: FakeStack) -> list[int]:
    return [release.id for release in stack.session.history()]


def served_image(stack: FakeStack) -> str:
    ids = {replica.image_id for replica in stack.runtime.containers[stack.proxy.color] if replica.running}
    (image,) = {image.reference for image in stack.runtime.images.values() if image.id in ids}
    return image


async def test_a_rollback_to_a_warm_standby_starts_nothing_and_flips_once() -> None:
    stack = await stack_after("shop:2")
    stack.runtime.touched.clear()
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active, served_image(stack)) == (Result.DONE, BLUE, "shop:1")
    assert stack.runtime.touched == []
    assert stack.proxy.flips == [GREEN, BLUE]
    await assert_at_rest(stack, outcome)


async def test_a_rollback_is_not_watched_and_verifies_its_target_first() -> None:
    stack = await stack_after("shop:2")
    stack.heard.clear()
    await stack.session.run(ROLLBACK)
    steps = [event.step for event in stack.events(StepSucceeded) if isinstance(event, StepSucceeded)]
    assert steps == [
        "preflight", "await-ready", "smoke-replicas", "write", "validate", "apply", "read-back", "record",
        "smoke-proxy", "drain", "keep-warm",
    ]  # fmt: skip


async def test_a_second_rollback_goes_forth_again() -> None:
    stack = await stack_after("shop:2")
    served = []
    for _ in range(3):
        await stack.session.run(ROLLBACK)
        served.append(served_image(stack))
    assert served == ["shop:1", "shop:2", "shop:1"]
    assert numbers(stack) == [0, 1]


async def test_a_retired_color_is_started_again_as_it_was() -> None:
    stack = await stack_after("shop:2", replicas=2)
    await stack.session.run(RETIRE)
    ids = [replica.id for replica in stack.runtime.containers[BLUE]]
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, served_image(stack)) == (Result.DONE, "shop:1")
    assert [replica.id for replica in stack.runtime.containers[BLUE]] == ids
    assert ("resume", BLUE) in stack.runtime.touched
    assert ("start", BLUE) not in stack.runtime.touched
    await assert_at_rest(stack, outcome)


async def test_a_color_that_is_gone_is_created_anew_from_the_kept_image_with_its_number() -> None:
    stack = await stack_after("shop:2", replicas=2)
    stack.runtime.containers[BLUE] = []
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, served_image(stack)) == (Result.DONE, "shop:1")
    assert len(stack.runtime.containers[BLUE]) == 2
    assert numbers(stack) == [0, 1]
    assert stack.session.history()[0].image.reference == "shop:1"
    assert stack.receipts.written[-1].images[0].reference == "shop:1"
    await assert_at_rest(stack, outcome)
    assert stack.runtime.migrated[-1] is False


async def test_a_rollback_whose_image_was_pruned_moves_nothing() -> None:
    stack = await stack_after("shop:2")
    stack.runtime.containers[BLUE] = []
    stack.runtime.images.clear()
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active) == (Result.ABORTED, GREEN)
    assert "it is not on this engine" in outcome.message
    assert outcome.next_command == "rollout history"  # an id can't be pulled
    assert stack.proxy.flips == [GREEN]


async def test_a_rollback_by_number_reaches_any_release_of_the_history() -> None:
    stack = await stack_after("shop:2", "shop:3", "shop:4")
    assert numbers(stack) == [3, 2, 1, 0]
    for number, image in ((1, "shop:2"), (3, "shop:4"), (0, "shop:1"), (2, "shop:3")):
        outcome = await stack.session.run(back_to(number))
        assert (outcome.result, served_image(stack)) == (Result.DONE, image)
        assert numbers(stack)[0] == number
        await assert_at_rest(stack, outcome)
    assert sorted(numbers(stack)) == [0, 1, 2, 3]
    assert {release.id: release.image.reference for release in stack.session.history()} == {
        0: "shop:1", 1: "shop:2", 2: "shop:3", 3: "shop:4",
    }  # fmt: skip


async def test_a_rollback_to_what_serves_or_to_nobody_knows_what_is_refused() -> None:
    stack = await stack_after("shop:2")
    records = len(stack.journal.kept)
    for number, words in ((1, "it is what serves"), (9, r"known: 1, 0")):
        with pytest.raises(RefusedError, match=words):
            await stack.session.run(back_to(number))
    assert len(stack.journal.kept) == records
    assert stack.lock.label is None


async def test_after_a_deploy_that_failed_before_its_cutover_a_rollback_skips_what_failed() -> None:
    stack = await stack_after("shop:2")
    stack.proxy.ready[BLUE] = 503
    stack.runtime.add_image("bad")
    assert (await stack.session.run(deploy("bad"))).result is Result.ABORTED
    assert {replica.image for replica in stack.runtime.containers[BLUE]} == {"bad"}
    stack.proxy.ready[BLUE] = 200
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active, served_image(stack)) == (Result.DONE, BLUE, "shop:1")
    await assert_at_rest(stack, outcome)


async def test_after_an_automatic_rollback_one_by_hand_does_not_bring_the_bad_release_back() -> None:
    stack = await stack_after("shop:2", "shop:3")
    assert stack.proxy.color is BLUE
    stack.runtime.add_image("bad")
    stack.proxy.fresh_failure = 502
    outcome = await stack.session.run(deploy("bad"))
    assert (outcome.result, served_image(stack)) == (Result.ROLLED_BACK, "shop:3")
    stack.proxy.fresh_failure = None
    assert [(release.id, release.withdrawn) for release in stack.session.history()] == [
        (2, False), (3, True), (1, False), (0, False),
    ]  # fmt: skip
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, served_image(stack)) == (Result.DONE, "shop:2")
    await assert_at_rest(stack, outcome)


async def test_a_withdrawn_release_that_is_named_may_serve_and_is_no_longer_withdrawn() -> None:
    stack = await stack_after("shop:2", "shop:3")
    stack.runtime.add_image("flaky")
    stack.proxy.fresh_failure = 502
    await stack.session.run(deploy("flaky"))
    stack.proxy.fresh_failure = None
    outcome = await stack.session.run(back_to(3))
    assert (outcome.result, served_image(stack)) == (Result.DONE, "flaky")
    assert not stack.session.history()[0].withdrawn
    await assert_at_rest(stack, outcome)


async def test_what_was_only_prepared_is_no_way_back() -> None:
    stack = FakeStack()
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2", cutover=False))
    with pytest.raises(RefusedError, match="never served") as refused:
        await stack.session.run(ROLLBACK)
    assert refused.value.next_command == "rollout cutover"
    assert (await stack.session.run(Request(action=Action.CUTOVER))).result is Result.DONE


async def test_without_any_journal_the_idle_color_is_the_way_back() -> None:
    stack = await stack_after("shop:2")
    stack.journal.kept.clear()
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active, served_image(stack)) == (Result.DONE, BLUE, "shop:1")


async def test_a_standby_of_which_a_replica_died_is_completed_before_it_gets_traffic() -> None:
    stack = await stack_after("shop:2", replicas=2)
    stack.runtime.lose(BLUE)
    outcome = await stack.session.run(ROLLBACK)
    assert outcome.result is Result.DONE
    assert {replica.state for replica in stack.runtime.containers[BLUE]} == {ReplicaState.RUNNING}
    await assert_at_rest(stack, outcome)


async def test_a_target_that_is_not_ready_gets_no_traffic_and_what_was_warm_stays_up() -> None:
    stack = await stack_after("shop:2")
    stack.proxy.ready[BLUE] = 503
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active) == (Result.ABORTED, GREEN)
    assert stack.proxy.flips == [GREEN]
    assert ("stop", BLUE) not in stack.runtime.touched
    await assert_at_rest(stack, outcome)


async def test_a_target_that_was_started_for_it_and_fails_is_stopped_again() -> None:
    stack = await stack_after("shop:2")
    await stack.session.run(RETIRE)
    stack.runtime.touched.clear()
    stack.proxy.smoke[BLUE] = 500
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active) == (Result.ABORTED, GREEN)
    assert stack.runtime.touched == [("resume", BLUE), ("stop", BLUE)]
    assert stack.receipts.written[-1].logs


async def test_a_rollback_that_fails_through_the_proxy_returns_to_the_color_it_left() -> None:
    stack = await stack_after("shop:2", "shop:3")
    stack.proxy.fresh_failure = 502
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active, served_image(stack)) == (Result.ROLLED_BACK, BLUE, "shop:3")
    await assert_at_rest(stack, outcome)


async def test_drift_does_not_stand_in_the_way_of_a_rollback_and_is_said() -> None:
    stack = await stack_after("shop:2")
    stack.active.color = BLUE
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active) == (Result.DONE, BLUE)
    texts = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any("DRIFT: state blue, file green, live green" in text for text in texts)
    await assert_at_rest(stack, outcome)


async def test_the_same_image_deployed_twice_is_two_releases_and_a_rollback_is_instant() -> None:
    stack = await stack_after("shop:2", "shop:2")
    assert numbers(stack) == [2, 1, 0]
    stack.runtime.touched.clear()
    outcome = await stack.session.run(ROLLBACK)
    assert (outcome.result, outcome.active) == (Result.DONE, GREEN)
    assert stack.runtime.touched == []


async def test_a_stack_that_no_rollout_made_enters_the_history_as_number_0_once() -> None:
    stack = await stack_after("shop:2", "shop:3")
    assert numbers(stack) == [2, 1, 0]
    assert stack.runtime.kept[0].reference == "shop:1"
    assert [release.by for release in stack.session.history()] == ["ann", "ann", ""]


async def test_a_release_keeps_the_number_of_the_rollout_that_made_it_when_that_was_cut_off() -> None:
    stack = FakeStack()
    stack.session.subscribe(entering("record", lambda: stack.runtime.faults.hangs.add("replicas")))
    task = asyncio.ensure_future(stack.session.run(deploy("shop:2")))
    await asyncio.wait_for(stack.runtime.faults.hanging.wait(), 60)
    assert not stack.events(ReleaseServed)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert numbers(stack) == [1, 0]
    assert stack.active.color is GREEN
    await assert_at_rest(stack)


async def test_a_failure_to_look_while_recording_goes_back() -> None:
    stack = FakeStack()

    def fail(record: object) -> None:
        event = getattr(record, "event", None)
        if isinstance(event, StepStarted) and event.step == "smoke-proxy":
            stack.runtime.faults.raises["changes"] = RuntimeFailedError("listen", "no daemon")

    stack.session.subscribe(fail)
    outcome = await stack.session.run(deploy("shop:2"))
    assert outcome.result is Result.NEEDS_HUMAN
    assert "no daemon" in outcome.message
    assert "green serves" in outcome.message
