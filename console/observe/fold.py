"""From records to the state of one rollout. Pure: whose process runs it makes no difference.

Records of a session's own bus fit as well as those of the journal; only the former say what a step waits for
(`StepProgressed` is not journaled), so that of another process's rollout a screen has the step and its deadline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce

from console.model.events import (
    AbortRequested,
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
    RequestsCut,
    Resumed,
    RolloutFinished,
    RolloutStarted,
    StepFailed,
    StepProgressed,
    StepStarted,
    StepSucceeded,
    UpstreamRestored,
    Warned,
)
from console.model.phase import Phase
from console.observe.rollout import RolloutView, StepStatus, StepView

_GAP = re.compile(r"\s{2,}")
_KEPT = 50
"""Warnings, logs and commands that are kept of one rollout: the last ones."""


def fold(records: Iterable[Record], *, number: int | None = None) -> RolloutView | None:
    """The state of one rollout after these records.

    Args:
        records: of any rollouts, oldest first, from the journal or from a session's bus.
        number: which rollout; None means the newest one that began.

    Returns:
        None when it has no beginning among the records.
    """
    every = tuple(records)
    if number is None:
        # A journal of years is read backwards to its newest beginning: what came before doesn't matter.
        begins = range(len(every) - 1, -1, -1)
        first = next((place for place in begins if isinstance(every[place].event, RolloutStarted)), len(every))
        return reduce(follow, every[first:], None)
    return reduce(follow, (record for record in every if record.rollout == number), None)


def follow(view: RolloutView | None, record: Record) -> RolloutView | None:
    """The same after one more record; the beginning of another rollout replaces the view.

    Records of other rollouts change nothing: one that was suspended may still add some after the next one began.
    """
    if isinstance(record.event, RolloutStarted):
        return _begun(record, record.event)
    if view is None or record.rollout != view.number:
        return view
    at = _epoch(record.at, view.updated)
    return replace(_after(view, record.event, at), updated=at)


def _begun(record: Record, started: RolloutStarted) -> RolloutView:
    at = _epoch(record.at, 0.0)
    return RolloutView(
        number=record.rollout,
        action=started.action,
        target=started.target,
        previous=started.previous,
        user=started.user,
        host=started.host,
        pid=started.pid,
        command=started.command,
        began=at,
        updated=at,
        plan=started.plan,
        steps=tuple(step for line in started.plan if (step := _planned(line)) is not None),
    )


def _planned(line: str) -> StepView | None:
    """A step of the rendered plan (`Plan.render`): number, title, limit if any and cause, two spaces apart or more."""
    number, *rest = _GAP.split(line.strip())
    if not number.isdigit() or not rest:
        return None
    return StepView(title=rest[0], cause=rest[-1] if len(rest) > 1 else "")


def _after(  # noqa: PLR0911 - a table: one line for each kind of event
    view: RolloutView, event: Event, at: float
) -> RolloutView:
    match event:
        case StepStarted() | StepProgressed() | CommandRan() | StepSucceeded() | StepFailed():
            return _stepped(view, event, at)
        case PhaseChanged(after=phase):
            return replace(view, phase=phase, steps=_left_over(view.steps) if _went_back(phase) else view.steps)
        case ImageResolved():
            return replace(view, image=event)
        case CutoverSeen():
            return replace(view, serving=event)
        case UpstreamRestored():
            return replace(view, restored=event)
        case LoadStarted():
            return replace(view, load=event)
        case LoadMeasured():
            return replace(view, measured=event)
        case RolloutFinished():
            return replace(view, finished=event, held_before="", steps=_left_over(_ended(view.steps)))
        case _:
            return _noted(view, event)


def _noted(view: RolloutView, event: Event) -> RolloutView:  # noqa: PLR0911 - as above
    match event:
        case Held(before_step=step):
            return replace(view, held_before=step)
        case Resumed():
            return replace(view, held_before="")
        case AbortRequested(by=by):
            return replace(view, aborted_by=view.aborted_by or by, held_before="")
        case LockTakenOver(by=by):
            return replace(view, taken_over_by=by)
        case RequestsCut(count=count):
            return replace(view, cut=view.cut + count)
        case Warned():
            return replace(view, warnings=(*view.warnings, event)[-_KEPT:])
        case LogsKept():
            return replace(view, logs=(*view.logs, event)[-_KEPT:])
        case _:
            return view


_StepEvent = StepStarted | StepProgressed | CommandRan | StepSucceeded | StepFailed


def _stepped(view: RolloutView, event: _StepEvent, at: float) -> RolloutView:
    if isinstance(event, StepStarted):
        return replace(view, steps=_started(view.steps, event, at), held_before="")
    # The last of that id: a way back may run a step again.
    place = next((n for n in range(len(view.steps) - 1, -1, -1) if view.steps[n].id == event.step), None)
    if place is None or not event.step:
        return view
    step = view.steps[place]
    match event:
        case StepProgressed(text=text, remaining=remaining):
            step = replace(step, waiting=text, until=None if remaining is None else at + remaining)
        case CommandRan(command=command):
            step = replace(step, commands=(*step.commands, command)[-_KEPT:])
        case StepSucceeded(seconds=seconds, detail=detail):
            step = replace(step, status=StepStatus.SUCCEEDED, seconds=seconds, detail=detail, waiting="", until=None)
        case StepFailed(seconds=seconds, found=found, cancelled=cancelled):
            status = StepStatus.CANCELLED if cancelled else StepStatus.FAILED
            step = replace(step, status=status, seconds=seconds, detail=found, waiting="", until=None)
    return replace(view, steps=(*view.steps[:place], step, *view.steps[place + 1 :]))


def _started(steps: tuple[StepView, ...], event: StepStarted, at: float) -> tuple[StepView, ...]:
    begun = StepView(
        id=event.step,
        title=event.title,
        stage=event.stage,
        cause=event.cause,
        status=StepStatus.RUNNING,
        began=at,
        deadline=event.deadline,
    )
    for place, step in enumerate(steps):
        if step.status is StepStatus.PLANNED and step.title == event.title:
            return (*steps[:place], begun, *steps[place + 1 :])
    return (*steps, begun)


def _went_back(phase: Phase) -> bool:
    return phase in {Phase.RESTORING, Phase.ROLLING_BACK, Phase.CLEANING_UP} or phase.final


def _left_over(steps: tuple[StepView, ...]) -> tuple[StepView, ...]:
    return tuple(
        replace(step, status=StepStatus.SKIPPED) if step.status is StepStatus.PLANNED else step for step in steps
    )


def _ended(steps: tuple[StepView, ...]) -> tuple[StepView, ...]:
    """A step that still runs when its rollout has ended was left by a defect, or could not be journaled."""
    return tuple(
        replace(step, status=StepStatus.FAILED, waiting="") if step.status is StepStatus.RUNNING else step
        for step in steps
    )


def _epoch(at: str, otherwise: float) -> float:
    """Seconds since the epoch of an ISO 8601 time; `otherwise` when it isn't one."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError):
        return otherwise
