"""Recovery: what the journal and the live proxy say together after a rollout that never finished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from console.model.color import Color
from console.model.events import (
    CutoverSeen,
    Event,
    ImageResolved,
    Record,
    RolloutFinished,
    RolloutStarted,
    StepStarted,
)
from console.model.observed import Observed
from console.model.plan import Action
from console.model.request import RecoveryChoice, Verdict

NOTHING = Verdict(
    rollout=0, action="", user="", since="", last_step="", story="every rollout ended", consistent=True, choices=()
)
RESUMABLE = frozenset({Action.DEPLOY.value, Action.CUTOVER.value, Action.ROLLBACK.value})
"""Actions of rollouts that can be carried on; the others are simply asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A rollout that has a beginning in the journal and no end."""

    number: int
    at: str
    started: RolloutStarted
    last_step: str = ""
    image: ImageResolved | None = None
    told: bool = False
    """Whether it had begun to tell the proxy to take a new upstream."""
    moved_to: Color | None = None
    """The color, other than the one that it found serving, that it saw serving at any time."""


def unfinished(newest: Iterable[Record]) -> Unfinished | None:
    """The newest rollout, when it has no end. Reads the journal's records, the newest first, back to its beginning."""
    later: list[Record] = []
    for record in newest:
        if isinstance(record.event, RolloutStarted):
            begun = Unfinished(number=record.rollout, at=record.at, started=record.event)
            return _carried_on(begun, reversed(later))
        later.append(record)
    return None


def _carried_on(begun: Unfinished, later: Iterable[Record]) -> Unfinished | None:
    rest: Unfinished | None = begun
    for record in later:
        # Only its own records count: an older rollout that was suspended may still add some.
        if rest is not None and record.rollout == rest.number:
            rest = _after(rest, record.event)
    return rest


def _after(rest: Unfinished, event: Event) -> Unfinished | None:
    match event:
        case RolloutFinished():
            return None
        case StepStarted():
            told = rest.told or event.step.endswith("apply")
            return replace(rest, last_step=event.title, told=told)
        case ImageResolved():
            return replace(rest, image=event)
        case CutoverSeen() if event.color is not rest.started.previous:
            return replace(rest, moved_to=event.color)
        case _:
            return rest


def verdict(rest: Unfinished | None, observed: Observed) -> Verdict:
    """What happened to the newest rollout, if it is unfinished, what is true now, and the ways on.

    While the proxy does not answer there are none: nothing that is done could be seen to work.
    """
    if rest is None:
        return NOTHING if observed.drift is None else _drift(observed)
    visible = observed.upstream.live is not None
    moved = observed.active is not rest.started.previous
    who = f"{rest.started.user}@{rest.started.host}"
    story = (
        f"rollout {rest.number} ({rest.started.action} by {who}, {rest.at}) never ended; "
        f"its last step was: {rest.last_step or 'none'}. {_traffic(observed, rest)}"
    )
    return Verdict(
        rollout=rest.number,
        action=rest.started.action,
        user=who,
        since=rest.at,
        last_step=rest.last_step,
        story=story,
        consistent=visible and observed.drift is None and not moved,
        choices=_choices(rest, moved=moved) if visible else (),
    )


def _choices(rest: Unfinished, *, moved: bool) -> tuple[RecoveryChoice, ...]:
    resume = (RecoveryChoice.RESUME,) if rest.started.action in RESUMABLE else ()
    back = (RecoveryChoice.ROLLBACK,) if moved else ()
    return (*resume, *back, RecoveryChoice.ADOPT)


def _traffic(observed: Observed, rest: Unfinished | None) -> str:
    if observed.upstream.live is None:
        return f"The proxy does not answer: {observed.upstream.problem or 'no reason known'}."
    text = f"{observed.active.value} serves{_movement(observed.active, rest)}."
    if observed.drift is not None:
        state, file, live = observed.drift
        text += f" DRIFT: state {state}, file {file}, live {live}."
    return text


def _movement(serving: Color, rest: Unfinished | None) -> str:
    """Where the traffic went in the rollout, as far as it is known."""
    if rest is None:
        return ""
    if serving is not rest.started.previous:
        return " now: the traffic had moved"
    if rest.moved_to is not None:
        return f" again: the traffic had moved to {rest.moved_to.value} and is back"
    if rest.told:
        return "; the proxy had been told to take another upstream, but no other color was seen serving"
    return "; no traffic had moved"


def _drift(observed: Observed) -> Verdict:
    visible = observed.upstream.live is not None
    return Verdict(
        rollout=0,
        action="",
        user="",
        since="",
        last_step="",
        story="every rollout ended, but: " + _traffic(observed, None),
        consistent=False,
        choices=(RecoveryChoice.ADOPT,) if visible else (),
    )
