"""What must hold of a stack whenever no rollout runs."""

from __future__ import annotations

from console.engine import recovery
from console.model.color import Color
from console.model.events import RolloutFinished, RolloutStarted, StepFailed, StepStarted, StepSucceeded
from console.model.request import Outcome, Result
from tests.fakes.stack import FakeStack

TOLD = {Result.DONE, Result.ROLLED_BACK, Result.ABORTED, Result.INTERRUPTED}
"""Results after which nothing is left for a human to put right."""


async def assert_at_rest(stack: FakeStack, outcome: Outcome | None = None) -> None:
    """State, file and live proxy agree, one color serves, and it is the one that was told."""
    observed = await stack.session.observe()
    assert observed.drift is None
    assert observed.served is stack.proxy.color
    assert stack.active.color in {None, observed.served}
    assert stack.lock.label is None
    assert not stack.session.running
    assert_traffic_was_safe(stack)
    assert_journal_is_whole(stack)
    if outcome is not None:
        assert outcome.result in TOLD
        assert outcome.active is observed.served
        assert (await stack.session.verdict()) == recovery.NOTHING


def assert_traffic_was_safe(stack: FakeStack) -> None:
    """No color got traffic that was not proven first, and none was stopped while it had it."""
    assert stack.proxy.unproven == []
    assert stack.runtime.harmed == []


def assert_journal_is_whole(stack: FakeStack) -> None:
    """Every rollout of this process has one end and a receipt, and every step that began has an end."""
    mine = [record for record in stack.heard if record.sequence]
    started = [record.rollout for record in mine if isinstance(record.event, RolloutStarted)]
    finished = [record.rollout for record in mine if isinstance(record.event, RolloutFinished)]
    assert started == finished == [receipt.rollout for receipt in stack.receipts.written]
    assert started == sorted(set(started))
    begun = [record.event.step for record in mine if isinstance(record.event, StepStarted)]
    ended = [record.event.step for record in mine if isinstance(record.event, StepSucceeded | StepFailed)]
    assert begun == ended


def flips_to_other(before: Color, flips: tuple[Color, ...]) -> bool:
    """Whether traffic left a color at any time."""
    return any(color is not before for color in flips)
