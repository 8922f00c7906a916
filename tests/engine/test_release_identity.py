"""A release is an image in a configuration: the same image deployed twice is two releases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.observed import Replica
from console.model.plan import Action
from console.model.request import Request, Result
from tests.fakes.stack import FakeStack

DEPLOY = Request(action=Action.DEPLOY, image="shop:1")
ROLLBACK = Request(action=Action.ROLLBACK)


class Configured(FakeStack):
    """One image for ever; what changes is the service's environment, and so the configuration hash."""

    def __init__(self) -> None:
        super().__init__()
        self.setting = "one"
        put = self.runtime.put

        def put_configured(color: Color, image: object, *, count: int = 1) -> None:
            put(color, image, count=count)  # type: ignore[arg-type]
            self.runtime.containers[color] = [
                replace(one, config_hash=self.setting) if one.config_hash == "hash" else one
                for one in self.runtime.containers[color]
            ]

        self.runtime.put = put_configured  # type: ignore[method-assign]
        self.runtime.containers[Color.BLUE] = [
            replace(one, config_hash="one") for one in self.runtime.containers[Color.BLUE]
        ]

    async def deploy(self, setting: str, *, cutover: bool = True) -> None:
        self.setting = setting
        outcome = await self.session.run(replace(DEPLOY, cutover=cutover))
        assert outcome.result is Result.DONE

    async def serving(self) -> Replica:
        observed = await self.session.observe()
        return observed.running(observed.active)[0]


async def test_a_rollback_by_number_never_flips_to_another_configuration_of_the_image() -> None:
    stack = Configured()
    await stack.deploy("two")
    await stack.deploy("three")
    await stack.session.run(ROLLBACK)
    assert (await stack.serving()).config_hash == "two"
    flips = list(stack.proxy.flips)
    with pytest.raises(RefusedError, match="very image that serves") as refused:
        await stack.session.run(replace(ROLLBACK, to_release=0))
    assert refused.value.next_command.startswith("git -C /nowhere log -- /nowhere/docker-compose.yml ")
    assert stack.proxy.flips == flips


async def test_each_configuration_keeps_its_own_number() -> None:
    stack = Configured()
    await stack.deploy("two")
    await stack.deploy("three")
    await stack.session.run(ROLLBACK)
    assert [(one.id, one.config_hash) for one in stack.session.history()] == [(1, "two"), (2, "three"), (0, "one")]


async def test_a_color_that_was_only_prepared_is_no_way_back_even_with_a_known_image() -> None:
    stack = Configured()
    await stack.deploy("never", cutover=False)
    with pytest.raises(RefusedError, match="never served"):
        await stack.session.run(ROLLBACK)
    assert stack.proxy.flips == []


async def test_a_retired_release_comes_back_after_a_rollback() -> None:
    stack = Configured()
    await stack.deploy("two")
    await stack.session.run(ROLLBACK)
    await stack.session.run(Request(action=Action.RETIRE))
    outcome = await stack.session.run(ROLLBACK)
    assert outcome.result is Result.DONE
    assert (await stack.serving()).config_hash == "two"
