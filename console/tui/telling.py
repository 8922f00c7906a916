"""Events in a sentence each, for the screen's log. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from console.cli.render.durations import duration
from console.cli.render.facts import fact
from console.cli.render.narrator import measured_text
from console.model.events import (
    AbortRequested,
    ActiveRecorded,
    ColorRetired,
    CommandRan,
    CutoverSeen,
    Event,
    Held,
    ImageResolved,
    LoadMeasured,
    LoadStarted,
    LockTakenOver,
    LogsKept,
    PhaseChanged,
    Record,
    ReleaseFound,
    ReleaseServed,
    RequestsCut,
    Resumed,
    RolloutFinished,
    RolloutStarted,
    StandbyKept,
    StepFailed,
    StepProgressed,
    StepStarted,
    StepSucceeded,
    UpstreamRestored,
    Warned,
)
from console.model.phase import Phase
from console.tui.paint import Tone, harmless

_PHASES = {
    Phase.RESTORING: "the cutover did not happen: the previous upstream is written again",
    Phase.ROLLING_BACK: "the release failed after the cutover: rolling back",
    Phase.CLEANING_UP: "ending safely: traffic stays where it was, the new color is stopped",
}
_ENDS = {
    "done": ("done", Tone.STRONG),
    "rolled_back": ("ROLLED BACK", Tone.BAD),
    "aborted": ("aborted, nothing changed for users", Tone.WARN),
    "interrupted": ("interrupted, ended safely", Tone.WARN),
    "needs_human": ("NEEDS A HUMAN", Tone.ALARM),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the log."""

    at: str
    """UTC, ISO 8601."""
    text: str
    tone: Tone = Tone.PLAIN
    rollout: int = 0


def tell(record: Record) -> Told | None:
    """The line for a record; None for what only moves a display on."""
    said = _said(record.event)
    if said is None:
        return None
    text, tone = said
    return Told(at=record.at, text=harmless(text), tone=tone, rollout=record.rollout)


def end_of(outcome: str) -> tuple[str, Tone]:
    """How an outcome is called, and in which tone."""
    return _ENDS.get(outcome, (outcome, Tone.WARN))


def _said(event: Event) -> tuple[str, Tone] | None:  # noqa: C901, PLR0911, PLR0912 - one short branch an event
    match event:
        case RolloutStarted():
            target = f", target {event.target.value}" if event.target else ""
            return f"{event.action}{target}, by {event.user}@{event.host} (pid {event.pid})", Tone.STRONG
        case PhaseChanged(after=after):
            return (_PHASES[after], Tone.WARN) if after in _PHASES else None
        case StepStarted() | StepProgressed() | ActiveRecorded():
            return None
        case CommandRan(command=command):
            return f"$ {command}", Tone.DIM
        case StepSucceeded():
            return f"{event.step}: {event.detail or 'done'} ({duration(event.seconds)})", Tone.PLAIN
        case StepFailed(cancelled=True):
            return f"{event.step}: stopped after {duration(event.seconds)}", Tone.WARN
        case StepFailed():
            return f"{event.step}: {event.found} ({duration(event.seconds)})", Tone.BAD
        case RolloutFinished():
            word, tone = end_of(event.outcome)
            return f"{word} after {duration(event.seconds)}: {event.message}", tone
        case Warned():
            return ": ".join(filter(None, (event.text, event.hint))), Tone.WARN
        case RequestsCut():
            return f"{event.count} requests to {event.color.value} were cut at the drain deadline: dropped", Tone.BAD
        case LockTakenOver():
            return f"{event.by} took the lock of {event.from_holder} over", Tone.WARN
        case UpstreamRestored():
            color = f"{event.color.value} " if event.color else ""
            return f"upstream restored: {color}serves as generation {event.generation}", Tone.WARN
        case Held(before_step=step):
            return f"held before {step}", Tone.WARN
        case Resumed(before_step=step):
            return f"resumed with {step}", Tone.PLAIN
        case LogsKept():
            lines = "line" if len(event.lines) == 1 else f"{len(event.lines)} lines"
            return f"kept the last {lines} of {event.replica}", Tone.PLAIN
        case StandbyKept():
            return f"{event.color.value} is kept warm for {duration(event.seconds)}", Tone.PLAIN
        case ImageResolved() | CutoverSeen() | ReleaseServed() | ReleaseFound() | ColorRetired():
            return fact(event), Tone.PLAIN
        case LoadStarted():
            return f"load: {event.rate:g} synthetic requests/s on {event.url}", Tone.PLAIN
        case LoadMeasured():
            return measured_text(event), Tone.PLAIN if event.valid and not event.dropped else Tone.BAD
        case AbortRequested(by=by):
            return f"asked to end safely by {by}", Tone.WARN
        case _:
            assert_never(event)
