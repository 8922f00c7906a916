"""One rollout as a screen shows it: its steps, what is waited for, how it ended. `console.observe.fold` makes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.model.color import Color
from console.model.events import (
    CutoverSeen,
    ImageResolved,
    LoadMeasured,
    LoadStarted,
    LogsKept,
    RolloutFinished,
    UpstreamRestored,
    Warned,
)
from console.model.phase import Phase


class StepStatus(StrEnum):
    """Where a step is."""

    PLANNED = "planned"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Planned, and never begun: the rollout ended, or went back, before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step."""

    title: str
    id: str = ""
    """Empty until it begins: the journal's plan has titles only."""
    stage: str = ""
    """`prepare`, `cutover`, `verify` or `finish`; empty until it begins."""
    cause: str = ""
    status: StepStatus = StepStatus.PLANNED
    began: float | None = None
    """Seconds since the epoch."""
    deadline: float | None = None
    """Seconds from its begin."""
    seconds: float | None = None
    """How long it took, once it ended."""
    detail: str = ""
    """What it did, or what was found when it failed."""
    waiting: str = ""
    """What it waits for, in its own words; empty when it did not say."""
    until: float | None = None
    """When that is over at the latest, as it said with it: seconds since the epoch."""
    commands: tuple[str, ...] = ()
    """External commands that it ran, as they can be pasted."""

    def elapsed(self, now: float) -> float | None:
        """Seconds that it runs, or ran; None before it begins. `now` in seconds since the epoch."""
        if self.seconds is not None or self.began is None:
            return self.seconds
        return max(0.0, now - self.began)

    def remaining(self, now: float) -> float | None:
        """Seconds until what it waits for is over, or else until its deadline, while it runs; None when it has none.

        `now` in seconds since the epoch.
        """
        if self.status is not StepStatus.RUNNING:
            return None
        if self.until is not None:
            return max(0.0, self.until - now)
        return None if self.deadline is None or self.began is None else max(0.0, self.began + self.deadline - now)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutView:
    """One rollout from its beginning to where it is."""

    number: int
    action: str
    target: Color | None
    previous: Color | None
    user: str
    host: str
    pid: int
    command: str
    began: float
    """Seconds since the epoch."""
    updated: float
    """When its last record was made, seconds since the epoch."""
    plan: tuple[str, ...] = ()
    """The rendered plan, line by line."""
    phase: Phase = Phase.PLANNED
    steps: tuple[StepView, ...] = ()
    """Those of the plan in order, and after them those that a failure made necessary."""
    image: ImageResolved | None = None
    serving: CutoverSeen | None = None
    """The last time that it saw the proxy serve a color."""
    restored: UpstreamRestored | None = None
    held_before: str = ""
    """The step that an operator holds it before; empty when it isn't held."""
    aborted_by: str = ""
    taken_over_by: str = ""
    cut: int = 0
    """Requests that were still in flight when their replica was stopped."""
    warnings: tuple[Warned, ...] = ()
    logs: tuple[LogsKept, ...] = ()
    """The last lines of replicas that failed."""
    load: LoadStarted | None = None
    measured: LoadMeasured | None = None
    finished: RolloutFinished | None = None

    @property
    def over(self) -> bool:
        """Whether it has an end."""
        return self.finished is not None

    @property
    def step(self) -> StepView | None:
        """The step that runs."""
        return next((step for step in self.steps if step.status is StepStatus.RUNNING), None)

    @property
    def done(self) -> int:
        """How many steps succeeded."""
        return sum(step.status is StepStatus.SUCCEEDED for step in self.steps)

    @property
    def waiting(self) -> str:
        """What is waited for now, in words; empty when nothing is."""
        if self.held_before:
            return f"held before {self.held_before}"
        step = self.step
        return "" if step is None else step.waiting or step.title

    def elapsed(self, now: float) -> float:
        """Seconds that it runs, or ran. `now` in seconds since the epoch."""
        return max(0.0, now - self.began) if self.finished is None else self.finished.seconds
