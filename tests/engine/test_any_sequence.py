"""Any sequence of actions with any faults, kills and aborts: after each, the invariants hold."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.model.color import Color
from console.model.errors import (
    ProxyRefusedError,
    ProxyUnreachableError,
    RefusedError,
    RuntimeFailedError,
)
from console.model.plan import Action
from console.model.request import Outcome, RecoveryChoice, Request, Result
from tests.engine.invariants import assert_at_rest, assert_journal_is_whole, assert_traffic_was_safe
from tests.fakes.stack import FakeStack, make_spec
from tests.fakes.wreck import revived, wreck_of

IMAGES = ["shop:1", "shop:2", "shop:3"]
NEVER_RAISE = {"observe", "probe_replica", "probe_url", "close"}
"""Calls that answer with what they could not see, by their contracts."""


@dataclass(frozen=True)
class Fault:
    """Something that happens once, at the n-th call to a port in a turn."""

    kind: str
    """`raise`, `abort`, `cancel` or `kill`."""
    after: int


@dataclass(frozen=True)
class Turn:
    """One thing that is asked, and what goes wrong meanwhile."""

    request: Request
    bad: bool
    """Whether green fails once users reach it."""
    fault: Fault | None


def faults() -> st.SearchStrategy[Fault]:
    kinds = st.sampled_from(["raise", "abort", "cancel", "kill"])
    return st.builds(Fault, kinds, st.integers(min_value=0, max_value=50))


def requests() -> st.SearchStrategy[Request]:
    return st.one_of(
        st.builds(
            lambda image, cutover: Request(action=Action.DEPLOY, image=image, cutover=cutover),
            st.sampled_from(IMAGES),
            st.sampled_from([True, True, False]),
        ),
        st.just(Request(action=Action.ROLLBACK)),
        st.builds(lambda to: Request(action=Action.ROLLBACK, to_release=to), st.integers(min_value=0, max_value=4)),
        st.sampled_from(
            [Request(action=action) for action in (Action.CUTOVER, Action.RETIRE, Action.DRAIN, Action.UP)]
        ),
    )


TURNS = st.lists(
    st.builds(Turn, requests(), st.sampled_from([False, False, True]), st.none() | faults()), min_size=1, max_size=6
)


def arm(stack: FakeStack, fault: Fault | None, task: list[asyncio.Task[Outcome]], wrecks: list[FakeStack]) -> None:
    """Let the fault happen when its call comes."""
    if fault is None:
        return
    ports = {"proxy": stack.proxy.faults, "runtime": stack.runtime.faults}
    left = fault.after

    def meet(port: str, name: str) -> None:
        nonlocal left
        left -= 1
        if left >= 0 or (fault.kind == "raise" and name in NEVER_RAISE):
            return
        for one in ports.values():
            one.watch = lambda _: None
        match fault.kind:
            case "raise":
                refused = name in {"write", "restore", "validate", "apply", "applied", "read_back"}
                error = ProxyRefusedError if refused else ProxyUnreachableError
                raise (error if port == "proxy" else RuntimeFailedError)(name, "a fault")
            case "abort":
                stack.session.abort("SIGTERM")
            case "cancel":
                task[0].cancel()
            case _:
                wrecks.append(revived(wreck_of(stack, name)))

    for port, one in ports.items():
        one.watch = partial(meet, port)


async def take(stack: FakeStack, turn: Turn) -> FakeStack:
    """Take one turn; returns the stack as the next process finds it."""
    stack.proxy.fresh_failure = 502 if turn.bad else None
    task: list[asyncio.Task[Outcome]] = []
    wrecks: list[FakeStack] = []
    arm(stack, turn.fault, task, wrecks)
    task.append(asyncio.ensure_future(stack.session.run(turn.request)))
    (ended,) = await asyncio.gather(*task, return_exceptions=True)
    outcome = ended if isinstance(ended, Outcome) else None
    kind = turn.fault.kind if turn.fault else ""
    by_fault = {"cancel": asyncio.CancelledError, "raise": RuntimeFailedError}.get(kind, Outcome)
    assert isinstance(ended, Outcome | RefusedError | by_fault), repr(ended)
    stack.proxy.faults.watch = stack.runtime.faults.watch = lambda _: None
    if wrecks:
        return wrecks[0]
    assert_traffic_was_safe(stack)
    assert_journal_is_whole(stack)
    assert stack.lock.label is None
    if outcome is None or outcome.result is not Result.NEEDS_HUMAN:
        await assert_at_rest(stack, outcome)
    else:
        assert kind == "raise"
        assert stack.proxy.color.value in outcome.message
    return stack


async def settle(stack: FakeStack) -> None:
    """Whatever is left, one of the offered ways on puts it right."""
    stack.proxy.fresh_failure = None
    verdict = await stack.session.verdict()
    if not verdict.consistent:
        assert RecoveryChoice.ADOPT in verdict.choices
        outcome = await stack.session.recover(RecoveryChoice.ADOPT)
        assert outcome.result is Result.DONE
    await assert_at_rest(stack)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns=TURNS, replicas=st.sampled_from([1, 2]), standby=st.booleans())
def test_whatever_is_asked_and_whatever_goes_wrong_the_stack_serves_and_can_be_put_right(
    turns: list[Turn], replicas: int, *, standby: bool
) -> None:
    async def play() -> None:
        stack = FakeStack(make_spec(window=0.2, replicas=replicas))
        stack.runtime.add_image("shop:3")
        if standby:
            await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
        for turn in turns:
            stack = await take(stack, turn)
            observed = await stack.session.observe()
            assert observed.served is stack.proxy.color
            await settle(stack)
        for color in Color:
            assert all(not replica.running or replica.address for replica in stack.runtime.containers[color])

    asyncio.run(play())
