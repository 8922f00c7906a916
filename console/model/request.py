"""What an operator asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line names its actor before it needs any of these
    from console.model.color import Color
    from console.model.plan import Action
    from console.model.spec import LoadSpec


class ImageSource(StrEnum):
    """Where a deploy gets its image from."""

    AUTO = "auto"
    """Build when the service has a `build` section and no `--image` is given; otherwise pull what is missing."""
    BUILD = "build"
    PULL = "pull"
    LOCAL = "local"
    """Use what is on the engine; never build or pull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing asked of the engine."""

    action: Action
    image: str | None = None
    """Image reference for a deploy; None means what the Compose files say."""
    source: ImageSource = ImageSource.AUTO
    cutover: bool = True
    """False: a deploy ends once the new color is verified, without moving traffic."""
    color: Color | None = None
    """For `drain`: which color; None means the idle one."""
    to_release: int | None = None
    """For `rollback`: a release number from the history; None means the previous one."""
    load: LoadSpec | None = None
    """Synthetic load to send through the whole rollout; None sends none."""
    require_zero_drops: bool = False
    """Whether a dropped request, or a load that proves nothing, makes a rollout that succeeded need a human."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks."""

    user: str
    host: str
    pid: int
    command: str
    """The command line, as it could be typed again."""


class Result(StrEnum):
    """How a rollout ended."""

    DONE = "done"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    NEEDS_HUMAN = "needs_human"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """The process exit code that stands for it."""
        return {"done": 0, "rolled_back": 2, "aborted": 3, "needs_human": 1, "interrupted": 130}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a rollout."""

    rollout: int
    result: Result
    active: Color | None
    """The color that serves now; None when that can't be told."""
    message: str
    next_command: str = ""


class RecoveryChoice(StrEnum):
    """The ways on after a rollout that never finished."""

    RESUME = "resume"
    ROLLBACK = "rollback"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the journal and the live proxy say together after an interruption."""

    rollout: int
    """The rollout that has no end in the journal; 0 when every rollout ended."""
    action: str
    user: str
    since: str
    last_step: str
    """Title of the last step it began; empty when none."""
    story: str
    """What happened and what is true now, in a sentence or two."""
    consistent: bool
    """True when state, file and live proxy agree, so that a new rollout may simply begin."""
    choices: tuple[RecoveryChoice, ...]
    """Empty when there is nothing to recover."""
