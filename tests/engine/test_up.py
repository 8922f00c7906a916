"""Up and down: what should serve is brought up and proven, and nothing that runs is touched."""

from __future__ import annotations

import pytest

from console.model.color import Color
from console.model.errors import LockHeldError, ReadOnlyError, RuntimeFailedError
from console.model.events import Warned
from console.model.plan import Action
from console.model.request import Request, Result
from tests.engine.invariants import assert_at_rest
from tests.fakes.stack import FakeStack

BLUE, GREEN = Color.BLUE, Color.GREEN
UP = Request(action=Action.UP)


def fresh() -> FakeStack:
    """A stack of which nothing runs and nothing was ever recorded; its proxy comes up with it."""
    stack = FakeStack()
    stack.runtime.containers = {BLUE: [], GREEN: []}
    stack.proxy.file, stack.proxy.running, stack.proxy.generation = None, None, 0
    stack.active.color = None
    stack.proxy.gone = True
    comes_up_with_it(stack)
    return stack


def comes_up_with_it(stack: FakeStack) -> None:
    def come_up(name: str) -> None:
        if name == "bring_up":
            stack.proxy.gone = False

    stack.runtime.faults.watch = come_up


async def test_from_nothing_blue_is_brought_up_proven_and_recorded() -> None:
    stack = fresh()
    outcome = await stack.session.run(UP)
    assert (outcome.result, outcome.active) == (Result.DONE, BLUE)
    assert stack.runtime.touched == [("bring_up", BLUE)]
    assert stack.active.color is BLUE
    observed = await stack.session.observe()
    assert observed.upstream.configured is not None
    assert (observed.upstream.configured.color, observed.upstream.configured.generation) == (BLUE, 1)
    await assert_at_rest(stack, outcome)


async def test_that_the_proxy_is_not_there_yet_is_no_news_to_who_brings_it_up() -> None:
    stack = fresh()
    stack.proxy.seed(BLUE)
    stack.active.color = BLUE
    outcome = await stack.session.run(UP)
    assert (outcome.result, outcome.active) == (Result.DONE, BLUE)
    assert stack.events(Warned) == []


async def test_what_up_brought_up_is_a_release_that_can_be_rolled_back_to() -> None:
    stack = fresh()
    await stack.session.run(UP)
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    assert [release.id for release in stack.session.history()] == [2, 1]
    outcome = await stack.session.run(Request(action=Action.ROLLBACK))
    assert (outcome.result, outcome.active) == (Result.DONE, BLUE)


async def test_a_stack_that_is_settled_is_brought_up_without_a_reload() -> None:
    stack = FakeStack()
    outcome = await stack.session.run(UP)
    assert (outcome.result, outcome.active, stack.proxy.flips) == (Result.DONE, BLUE, [])
    assert stack.active.color is BLUE


async def test_after_a_reboot_the_color_that_served_comes_up_again() -> None:
    stack = FakeStack()
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    for color in Color:
        await stack.runtime.stop(color)
    stack.proxy.gone = True
    stack.runtime.harmed.clear()
    stack.runtime.touched.clear()
    comes_up_with_it(stack)
    outcome = await stack.session.run(UP)
    assert (outcome.result, outcome.active) == (Result.DONE, GREEN)
    assert stack.runtime.touched == [("bring_up", GREEN)]
    await assert_at_rest(stack, outcome)


async def test_what_does_not_get_ready_is_told_and_stays_for_a_look() -> None:
    stack = fresh()
    stack.proxy.ready[BLUE] = 503
    outcome = await stack.session.run(UP)
    assert outcome.result is Result.ABORTED
    assert "status 503" in outcome.message
    assert stack.proxy.flips == []
    assert ("stop", BLUE) not in stack.runtime.touched


async def test_up_puts_a_drifted_record_right() -> None:
    stack = FakeStack()
    stack.active.color = GREEN
    outcome = await stack.session.run(UP)
    assert (outcome.result, stack.active.color) == (Result.DONE, BLUE)
    await assert_at_rest(stack, outcome)


async def test_a_stack_that_is_taken_down_is_gone_and_the_lock_is_free() -> None:
    stack = FakeStack()
    await stack.session.take_down()
    assert await stack.runtime.replicas() == ()
    assert stack.lock.label is None


async def test_a_stack_in_the_middle_of_a_rollout_is_not_taken_down() -> None:
    stack = FakeStack()
    stack.lock.acquire("rollout deploy", since="then")
    with pytest.raises(LockHeldError):
        await stack.session.take_down()
    assert await stack.runtime.replicas()


async def test_a_read_only_session_takes_nothing_down() -> None:
    stack = FakeStack(read_only=True)
    with pytest.raises(ReadOnlyError):
        await stack.session.take_down()
    assert await stack.runtime.replicas()


async def test_a_take_down_that_fails_gives_the_lock_back() -> None:
    stack = FakeStack()
    stack.runtime.faults.raises["take_down"] = RuntimeFailedError("take down", "no daemon")
    with pytest.raises(RuntimeFailedError):
        await stack.session.take_down()
    assert stack.lock.label is None
