"""What a wait says of itself while it lasts."""

from __future__ import annotations

from console.model.color import Color
from console.model.events import StepProgressed
from console.model.plan import Action
from console.model.request import Request
from tests.fakes.stack import FakeStack, make_spec


async def test_the_watch_counts_its_own_window_down() -> None:
    stack = FakeStack(make_spec(window=5.0))
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    told = [one for one in stack.events(StepProgressed) if isinstance(one, StepProgressed) and one.step == "watch"]
    left = [one.remaining for one in told if one.remaining is not None]
    assert len(left) >= 3
    assert left == sorted(left, reverse=True)
    assert max(left) <= 5.0, "not the time left of the step's deadline, which is longer"
    assert all("left" not in one.text for one in told), "whoever shows it adds the time"


async def test_of_several_replicas_that_are_not_ready_one_line_tells() -> None:
    stack = FakeStack(make_spec(replicas=3))
    stack.proxy.ready[Color.GREEN] = 503
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    told = [one for one in stack.events(StepProgressed) if isinstance(one, StepProgressed) and "status 503" in one.text]
    assert len(told) >= 3
    assert {one.text.partition(":")[0] for one in told} == {"green-4, and 2 more"}
