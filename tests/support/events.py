"""Events that many tests begin with."""

from __future__ import annotations

from collections.abc import Callable

from console.model.color import Color
from console.model.events import PhaseChanged, Record, RolloutStarted, StepStarted
from console.model.phase import Phase

STARTED = RolloutStarted(
    action="deploy",
    target=Color.GREEN,
    previous=Color.BLUE,
    user="ann",
    host="here",
    pid=7,
    command="rollout deploy",
    fence=1,
    project="shop",
    plan=(),
)
"""A deploy from blue to green begins."""


def entering(there: Phase | str, act: Callable[[], object]) -> Callable[[Record], None]:
    """Does something when a rollout comes into a phase, or to a step of that name."""

    def hear(record: Record) -> None:
        match record.event:
            case PhaseChanged(after=phase) if phase is there:
                act()
            case StepStarted(step=step) if step == there:
                act()
            case _:
                pass

    return hear
