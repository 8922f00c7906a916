"""What the narration remembers of a rollout, for its last words."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.model.events import RolloutFinished


@dataclass(slots=True)
class Failure:
    """A step that failed, kept for the end of the story."""

    title: str
    attempted: str
    found: str


@dataclass(slots=True)
class Story:
    """What the narration remembers of a rollout, for its last words."""

    rollout: int = 0
    failures: list[Failure] = field(default_factory=list)
    finished: RolloutFinished | None = None
