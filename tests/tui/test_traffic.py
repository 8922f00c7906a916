"""The load that is switched on beside the screen."""

from __future__ import annotations

from dataclasses import replace

from console.model.plan import Action
from console.model.request import Request
from console.model.spec import LoadSpec, Spec
from console.tui.bridge import Bridge
from console.tui.desk import Desk
from tests.fakes.load import FakeLoad
from tests.fakes.stack import FakeStack, make_spec

LOAD = LoadSpec(url="http://127.0.0.1:8080/", rate=50.0)


async def test_a_request_may_take_as_long_as_one_of_a_rollouts_own_load() -> None:
    spec = make_spec(window=6.0)
    assert await timeout_on_the_desk(spec) == await timeout_in_a_rollout(spec) == 3.0


async def timeout_on_the_desk(spec: Spec) -> float:
    stack = FakeStack(spec)
    load = FakeLoad(stack.clock)
    stack.session.ports = replace(stack.session.ports, make_load=load.make)
    desk = Desk(stack.session, Bridge())
    await desk.load(LOAD)
    await desk.load(None)
    return load.config.timeout


async def timeout_in_a_rollout(spec: Spec) -> float:
    stack = FakeStack(spec)
    load = FakeLoad(stack.clock)
    stack.session.ports = replace(stack.session.ports, make_load=load.make)
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2", load=LOAD))
    return load.config.timeout
