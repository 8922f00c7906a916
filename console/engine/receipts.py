"""From a rollout's events to its receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from console.model.color import Color
from console.model.events import (
    ImageResolved,
    LogsKept,
    Record,
    RequestsCut,
    RolloutFinished,
    RolloutStarted,
    StepFailed,
    StepStarted,
    StepSucceeded,
    Warned,
)
from console.model.receipt import Receipt, ReceiptImage, ReceiptLogs, ReceiptStep
from console.model.receipt_load import ReceiptLoad


@dataclass(slots=True)
class _Draft:
    titles: dict[str, StepStarted] = field(default_factory=dict)
    steps: list[ReceiptStep] = field(default_factory=list)
    images: list[ReceiptImage] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    logs: list[ReceiptLogs] = field(default_factory=list)
    cut: int = 0


def receipt(
    records: Sequence[Record], versions: tuple[tuple[str, str], ...] = (), load: ReceiptLoad | None = None
) -> Receipt | None:
    """The receipt of a rollout from all its records; None when its beginning or end is missing."""
    first = next(((r.at, r.event) for r in records if isinstance(r.event, RolloutStarted)), None)
    last = next((r for r in records if isinstance(r.event, RolloutFinished)), None)
    if first is None or last is None:
        return None
    started_at, started = first
    finished = last.event
    if not isinstance(started, RolloutStarted) or not isinstance(finished, RolloutFinished):
        return None
    draft = _Draft()
    for record in records:
        _fold(draft, record)
    return Receipt(
        rollout=last.rollout,
        project=started.project,
        action=started.action,
        result=finished.outcome,
        exit_code=finished.exit_code,
        message=finished.message,
        next_command=finished.next_command,
        started_at=started_at,
        seconds=finished.seconds,
        user=started.user,
        host=started.host,
        command=started.command,
        target=started.target,
        previous=started.previous,
        active=finished.active if isinstance(finished.active, Color) else None,
        steps=tuple(draft.steps),
        images=tuple(draft.images),
        warnings=tuple(draft.warnings),
        failures=tuple(draft.failures),
        cut_requests=draft.cut,
        logs=tuple(draft.logs),
        load=load,
        versions=versions,
    )


def _fold(draft: _Draft, record: Record) -> None:
    match record.event:
        case StepStarted() as event:
            draft.titles[event.step] = event
        case StepSucceeded() as event:
            draft.steps.append(_step(draft, event.step, "succeeded", event.seconds, event.detail))
        case StepFailed() as event:
            status = "cancelled" if event.cancelled else "failed"
            draft.steps.append(_step(draft, event.step, status, event.seconds, event.found))
            if not event.cancelled:
                draft.failures.append(f"could not {event.attempted}: {event.found}")
        case ImageResolved() as event:
            image = ReceiptImage(color=event.color, reference=event.reference, id=event.id, digest=event.digest)
            draft.images.append(image)
        case Warned() as event:
            draft.warnings.append(event.text)
        case LogsKept() as event:
            draft.logs.append(ReceiptLogs(replica=event.replica, lines=event.lines))
        case RequestsCut() as event:
            draft.cut += event.count
            draft.failures.append(f"{event.count} requests to {event.color.value} were cut by the drain deadline")
        case _:
            pass


def _step(draft: _Draft, step: str, status: str, seconds: float, detail: str) -> ReceiptStep:
    started = draft.titles.get(step)
    return ReceiptStep(
        id=step,
        title=started.title if started else step,
        stage=started.stage if started else "",
        status=status,
        seconds=seconds,
        detail=detail,
    )
