"""Recovery: what the journal and the live proxy say together after a rollout that never finished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from console.model.color import Color
from console.model.events import (
    CutoverSeen,
    ImageResolved,
    Record,
    RolloutFinished,
    RolloutStarted,
    StepStarted,
    UpstreamRestored,
)
from console.model.observed import Observed
from console.model.request import RecoveryChoice, Verdict

NOTHING = Verdict(
    rollout=0, action="", user="", since="", last_step="", story="every rollout ended", consistent=True, choices=()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A rollout that has a beginning in the journal and no end."""

    number: int
    at: str
    started: RolloutStarted
    last_step: str
    image: ImageResolved | None
    seen: Color | None
    """The color that it last saw serving, if it got that far."""


def unfinished(records: Iterable[Record]) -> Unfinished | None:
    """The newest rollout, when it has no end."""
    number, at, started = 0, "", None
    last_step, image, seen = "", None, None
    for record in records:
        match record.event:
            case RolloutStarted() as event:
                number, at, started = record.rollout, record.at, event
                last_step, image, seen = "", None, None
            case RolloutFinished() if record.rollout == number:
                started = None
            case StepStarted() as event:
                last_step = event.title
            case ImageResolved() as event:
                image = event
            case CutoverSeen() as event:
                seen = event.color
            case UpstreamRestored() as event:
                seen = event.color
            case _:
                pass
    if started is None:
        return None
    return Unfinished(number=number, at=at, started=started, last_step=last_step, image=image, seen=seen)


def verdict(records: Iterable[Record], observed: Observed) -> Verdict:
    """What happened, what is true now, and the ways on."""
    rest = unfinished(records)
    if rest is None and observed.drift is None:
        return NOTHING
    if rest is None:
        return _drift(observed)
    serving = observed.active
    previous = rest.started.previous
    moved = previous is not None and serving is not previous
    visible = observed.upstream.live is not None
    consistent = visible and observed.drift is None and not moved
    who = f"{rest.started.user}@{rest.started.host}"
    story = (
        f"rollout {rest.number} ({rest.started.action} by {who}, {rest.at}) never ended; "
        f"its last step was: {rest.last_step or 'none'}. "
    )
    story += _traffic(observed, moved=moved)
    choices = [RecoveryChoice.RESUME] if rest.started.action in {"deploy", "cutover", "rollback"} else []
    if moved:
        choices.append(RecoveryChoice.ROLLBACK)
    if visible:
        choices.append(RecoveryChoice.ADOPT)
    return Verdict(
        rollout=rest.number,
        action=rest.started.action,
        user=who,
        since=rest.at,
        last_step=rest.last_step,
        story=story,
        consistent=consistent,
        choices=tuple(choices),
    )


def _traffic(observed: Observed, *, moved: bool) -> str:
    if observed.upstream.live is None:
        return f"The proxy does not answer: {observed.upstream.problem or 'no reason known'}."
    text = f"{observed.active.value} serves" + (" now: the traffic had moved." if moved else "; no traffic had moved.")
    if observed.drift is not None:
        state, file, live = observed.drift
        text += f" DRIFT: state {state}, file {file}, live {live}."
    return text


def _drift(observed: Observed) -> Verdict:
    visible = observed.upstream.live is not None
    return Verdict(
        rollout=0,
        action="",
        user="",
        since="",
        last_step="",
        story="every rollout ended, but: " + _traffic(observed, moved=False),
        consistent=False,
        choices=(RecoveryChoice.ADOPT,) if visible else (),
    )
