"""Read-only is a matter of the engine: whoever gets past the keys is refused there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from console.model.errors import ReadOnlyError
from console.model.plan import Action
from console.model.request import RecoveryChoice, Request
from console.model.spec import LoadSpec
from console.tui.desk import Desk
from tests.fakes.stack import FakeStack
from tests.tui.pilot import opened

Asked = Callable[[Desk], Coroutine[Any, Any, object]]

LOAD = LoadSpec(url="http://127.0.0.1:8080/", rate=10)
ACTS: dict[str, Asked] = {
    **{
        action.value: lambda desk, action=action: desk.carry_out(Request(action=action), None)  # type: ignore[misc]
        for action in Action
        if action is not Action.RECOVER
    },
    **{
        f"recover by {choice.value}": lambda desk, choice=choice: desk.recover(choice, None)  # type: ignore[misc]
        for choice in RecoveryChoice
    },
    "hold": lambda desk: desk.hold(),
    "abort": lambda desk: desk.abort(),
    "send load": lambda desk: desk.load(LOAD),
    "stop load": lambda desk: desk.load(None),
    "another rate": lambda desk: desk.rate(20),
    "rehearse": lambda desk: desk.break_proxy(broken=True),
}


def state_of(stack: FakeStack) -> object:
    return (tuple(stack.journal.kept), list(stack.runtime.touched), stack.proxy.generation, stack.lock.fence)


@pytest.mark.parametrize("fixed", [True, False])
async def test_nothing_that_acts_gets_past_it(fixed: bool) -> None:  # noqa: FBT001 - pytest gives it
    async with opened(read_only=fixed) as console:
        if not fixed:
            await console.press("exclamation_mark")
            await console.shows("READ-ONLY")
        before = state_of(console.stack)
        for name, act in ACTS.items():
            with pytest.raises(ReadOnlyError):
                await console.app.ask(act)
            assert state_of(console.stack) == before, name


async def test_what_was_opened_read_only_cannot_be_unlocked() -> None:
    async with opened(read_only=True) as console:
        with pytest.raises(ReadOnlyError):
            await console.app.ask(lambda desk: desk.lock(read_only=False))
        assert console.stack.session.read_only


async def test_looking_is_allowed() -> None:
    async with opened(read_only=True) as console:
        await console.press("l")
        await console.shows("log of blue-1")
        await console.press("escape", "h")
        await console.shows("releases that served")
        assert console.stack.lock.fence == 0
