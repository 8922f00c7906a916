"""What happened: frozen, past tense. The bus, the journal, the screens and the receipt all speak these.

Each event is plain data (strings, numbers, booleans, colors, tuples of strings), so that `console.model.record`
can write and read it as one line of JSON without a schema of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.model.color import Color
from console.model.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStarted:
    """A rollout took the lock and has its plan."""

    action: str
    """`deploy`, `cutover`, `drain`, `rollback`, `retire` or `recover`."""
    target: Color | None
    previous: Color | None
    """The color that was active when it began."""
    user: str
    host: str
    pid: int
    command: str
    fence: int
    project: str
    plan: tuple[str, ...]
    """The rendered plan, line by line."""
    image: str | None = None
    """What was asked for, as in the request: it is what a recovery resumes."""
    source: str = "auto"
    cutover: bool = True
    release: int | None = None
    """The number of the release that a rollback was asked to go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """The rollout went from one phase to the next."""

    before: Phase
    after: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step began."""

    step: str
    """Its id in the plan, for example `await-ready`."""
    title: str
    stage: str
    """The part of the rollout it belongs to: `prepare`, `cutover`, `verify` or `finish`."""
    cause: str
    deadline: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgressed:
    """A step says what it is waiting for, or what it found meanwhile. Not journaled."""

    step: str
    text: str
    remaining: float | None = None
    """Seconds left until the step's deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRan:
    """An external command was run; shell-quoted, so that it can be pasted."""

    step: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSucceeded:
    """A step did what it says."""

    step: str
    seconds: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed:
    """A step failed or was cancelled."""

    step: str
    seconds: float
    attempted: str
    found: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResolved:
    """The release's image is known."""

    color: Color
    reference: str
    id: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverSeen:
    """The proxy was seen serving: no old worker accepts, the generation matches, the address is the color's."""

    color: Color
    generation: int
    served: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRestored:
    """The previous upstream was written again as a new generation and seen live."""

    color: Color | None
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRecorded:
    """The recorded active color advanced."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseServed:
    """A release became the one that serves: the entry of the history."""

    color: Color
    reference: str
    image_id: str
    digest: str | None
    config_hash: str
    origin: int
    """The number of the rollout that first made it: its own for a deploy, an earlier one for a rollback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFound:
    """A release was found serving that the history does not know: nobody's, or that of a rollout that was cut off."""

    color: Color
    reference: str
    image_id: str
    config_hash: str
    release: int = 0
    """The number of the rollout that deployed it; 0 when none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsCut:
    """Requests were still in flight when their replica was stopped; each counts as dropped."""

    color: Color
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyKept:
    """The color left behind stays running as a warm standby."""

    color: Color
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorRetired:
    """A color's replicas were stopped."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsKept:
    """The last lines of a replica that failed."""

    replica: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The operator held the rollout at a gate."""

    before_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The operator let it go on."""

    before_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortRequested:
    """The operator (or a signal) asked for a safe end."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTakenOver:
    """Somebody broke another's lock, knowingly."""

    from_holder: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that the operator should know, and that stops nothing."""

    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStarted:
    """Synthetic load was started beside the rollout, because it was asked for."""

    url: str
    address: str
    rate: float
    """Requests a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadMeasured:
    """The synthetic load has ended; what it counted. The receipt has the details."""

    due: int
    not_sent: int
    ok: int
    unexpected: int
    dropped: int
    recovered: int
    valid: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFinished:
    """The end of a rollout, and what is true then."""

    outcome: str
    """`done`, `rolled_back`, `aborted`, `needs_human` or `interrupted`."""
    exit_code: int
    active: Color | None
    seconds: float
    message: str
    next_command: str = ""


Event = (
    RolloutStarted
    | PhaseChanged
    | StepStarted
    | StepProgressed
    | CommandRan
    | StepSucceeded
    | StepFailed
    | ImageResolved
    | CutoverSeen
    | UpstreamRestored
    | ActiveRecorded
    | ReleaseServed
    | ReleaseFound
    | RequestsCut
    | StandbyKept
    | ColorRetired
    | LogsKept
    | Held
    | Resumed
    | AbortRequested
    | LockTakenOver
    | Warned
    | LoadStarted
    | LoadMeasured
    | RolloutFinished
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event in its place: which rollout, the how-manieth, when."""

    rollout: int
    sequence: int
    """From 1 within the journal."""
    at: str
    """UTC, ISO 8601."""
    event: Event
