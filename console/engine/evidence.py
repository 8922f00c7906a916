"""From what the load generator counted to the receipt's part about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from console.model.load import Attempt, Failure, Group, LoadConfig, NotSent, PhaseCounts, Summary
from console.model.load_totals import add_counts, merged
from console.model.receipt_load import LoadAttempts, LoadFailure, LoadLine, ReceiptLoad
from console.ports.load import LoadRun


def measured(run: LoadRun, config: LoadConfig, summary: Summary | None, found: str = "") -> ReceiptLoad:
    """The receipt's part, from the generator's own summary or, when it died, from what it had reported.

    Args:
        run: the load.
        config: what it was asked for.
        summary: the generator's own; None when it gave none.
        found: why what was counted proves nothing, if that is known.
    """
    totals = summary.totals if summary else run.sum.totals
    phases = summary.phases if summary else run.sum.phases
    groups = summary.groups if summary else run.sum.groups
    failures = summary.failures if summary else tuple(run.sum.failures)
    lag = summary.lag if summary else run.sum.lag
    if summary is None:
        found = found or run.counts().problem or "the load generator gave no summary"
    problems = [found] if found else []
    if totals.not_sent:
        problems.append(f"{totals.not_sent} requests could not be sent by the generator itself")
    return ReceiptLoad(
        url=config.url,
        rate=config.rate,
        rate_at_end=_rate_at_end(run, summary),
        valid=summary is not None and summary.valid and not found,
        problem="; ".join(problems),
        due=totals.due,
        not_sent=totals.not_sent,
        ok=totals.ok,
        unexpected=totals.unexpected,
        dropped=totals.dropped,
        recovered=totals.recovered,
        stale=totals.stale,
        stray=totals.stray,
        slow=totals.slow,
        slow_connects=totals.slow_connects,
        by_phase=_by_phase(groups, phases),
        by_release=_by_release(groups),
        attempts=_attempts(groups),
        failures=tuple(_failure(failure) for failure in failures),
        failures_omitted=summary.failures_omitted if summary else run.sum.failures_omitted,
        lag_p99=lag.quantile(0.99),
        suspended=summary.suspended if summary else run.sum.suspended,
    )


def _rate_at_end(run: LoadRun, summary: Summary | None) -> float | None:
    if summary is not None:
        return summary.target_rate
    return run.latest.target_rate if run.latest else None


def _by_phase(groups: tuple[Group, ...], phases: tuple[PhaseCounts, ...]) -> tuple[LoadLine, ...]:
    planned = {counts.phase: counts for counts in phases}
    lines = []
    for name in dict.fromkeys([*planned, *(group.phase for group in groups)]):
        counts = planned.get(name, PhaseCounts(phase=name))
        line = _line(name, (group for group in groups if group.phase == name))
        lines.append(replace(line, due=counts.due, not_sent=_held_back(counts.not_sent)))
    return tuple(lines)


def _by_release(groups: tuple[Group, ...]) -> tuple[LoadLine, ...]:
    names = dict.fromkeys(map(_release, groups))
    return tuple(_line(name, (group for group in groups if _release(group) == name)) for name in names)


def _held_back(reasons: Mapping[NotSent, int]) -> tuple[tuple[str, int], ...]:
    return tuple((reason.value, count) for reason, count in reasons.items())


def _line(name: str, groups: Iterable[Group]) -> LoadLine:
    group = merged(groups)
    p50, p90, p99 = group.latency.quantiles((0.5, 0.9, 0.99))
    return LoadLine(
        name=name,
        done=group.ok + group.unexpected + group.dropped,
        ok=group.ok,
        unexpected=group.unexpected,
        dropped=group.dropped,
        recovered=group.recovered,
        slow=group.slow,
        p50=p50,
        p90=p90,
        p99=p99,
        highest=group.latency.maximum,
        statuses=tuple(group.statuses.items()),
    )


def _attempts(groups: tuple[Group, ...]) -> tuple[LoadAttempts, ...]:
    counts: dict[Attempt, int] = {}
    for group in groups:
        add_counts(counts, group.attempts)
    return tuple(
        LoadAttempts(
            kind=attempt.kind.value,
            stage=attempt.stage.value,
            connection=_connection(attempt),
            retry=attempt.retry,
            count=count,
        )
        for attempt, count in counts.items()
    )


def _connection(attempt: Attempt) -> str:
    return "reused" if attempt.reused else "fresh"


def _release(group: Group) -> str:
    return f"{group.color} {group.release}".strip()


def _failure(failure: Failure) -> LoadFailure:
    return LoadFailure(
        at=failure.at,
        phase=failure.phase,
        kind=failure.attempt.kind.value,
        stage=failure.attempt.stage.value,
        status=failure.status,
        age=failure.age,
        connection=_connection(failure.attempt),
        release=failure.release,
        retry=failure.retry.value,
        detail=failure.detail,
    )
