"""A plan: frozen steps with their cause, deadline and dependencies. Data, made by a strategy, run by the executor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.model.color import Color

if TYPE_CHECKING:  # every look at a stack needs the words of a plan, few need its steps
    from console.model.steps import Step


class Action(StrEnum):
    """What an operator can ask of the engine."""

    DEPLOY = "deploy"
    CUTOVER = "cutover"
    DRAIN = "drain"
    ROLLBACK = "rollback"
    RETIRE = "retire"
    RECOVER = "recover"
    UP = "up"


class Stage(StrEnum):
    """The part of a rollout that a step belongs to; it decides what a failure of the step means."""

    PREPARE = "prepare"
    CUTOVER = "cutover"
    VERIFY = "verify"
    FINISH = "finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step in its plan."""

    id: str
    """Unique within the plan, for example `await-ready`."""
    step: Step
    title: str
    """Short text for people, for example `wait until green is ready (2 answers on /ready)`."""
    stage: Stage
    cause: str
    """Why the step is in the plan."""
    deadline: float | None
    """Seconds; None only for steps that take no time of their own."""
    after: tuple[str, ...] = ()
    """Ids of the steps whose success it needs."""

    @property
    def limit(self) -> str:
        """Its deadline for people: `within 8s`, `within 30m`; empty without one."""
        if self.deadline is None:
            return ""
        minutes, seconds = divmod(self.deadline, 60)
        return f"within {minutes:g}m" if minutes > 1 and not seconds else f"within {self.deadline:g}s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rollout will do, complete before it begins."""

    action: Action
    target: Color | None
    """The color that will serve (deploy, cutover, rollback) or is acted on (drain, retire)."""
    previous: Color
    """The color that is active now."""
    rollback_to: Color | None = None
    """The color that traffic goes back to when a verification fails; None means `previous`."""
    steps: tuple[PlannedStep, ...]

    def __post_init__(self) -> None:
        """Refuse a plan whose dependencies don't exist, or don't come first."""
        seen: set[str] = set()
        for planned in self.steps:
            if planned.id in seen:
                raise ValueError(f"two steps are called {planned.id!r}")
            missing = [name for name in planned.after if name not in seen]
            if missing:
                raise ValueError(f"step {planned.id!r} comes before {', '.join(missing)}")
            seen.add(planned.id)

    def render(self) -> str:
        """Stable text: what `--plan` prints, the dialogs show and the strategy tests compare."""
        head = f"{self.action.value}: {self.previous.value} serves"
        if self.target is not None:
            head += f", target {self.target.value}"
        width = max((len(planned.title) for planned in self.steps), default=0)
        lines = [head]
        for number, planned in enumerate(self.steps, start=1):
            lines.append(f"{number:>3}  {planned.title:<{width}}  {planned.limit:<12}  {planned.cause}".rstrip())
        return "\n".join(lines) + "\n"
