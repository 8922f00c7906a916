"""Counts what happens between two snapshots, and hands it out as a delta."""

from __future__ import annotations

from dataclasses import dataclass

from console.load.answer import Origin
from console.model.histogram import Histogram
from console.model.load import (
    NO_ANSWER,
    OTHER,
    PROXY,
    UNKNOWN,
    Attempt,
    Failure,
    Group,
    NotSent,
    PhaseCounts,
    Retry,
    Totals,
)
from console.model.load_totals import add_counts

_MOST_PHASES = 64
_MOST_ORIGINS = 32
_LISTED = 50
"""Failures that one snapshot lists."""

_LAG_GRAIN = 1e-5
"""Seconds that the send lag is told to: it is a health light, and most of it lies within a few such steps."""

_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_HIGHEST = 599

NOBODY: Origin = (NO_ANSWER, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What was counted between two cuts."""

    totals: Totals
    phases: tuple[PhaseCounts, ...]
    groups: tuple[Group, ...]
    failures: tuple[Failure, ...]
    failures_omitted: int
    lag: Histogram


@dataclass(slots=True, kw_only=True)
class Drop:
    """A dropped request whose one retry is under way."""

    at: float
    phase: PhaseTally
    attempt: Attempt
    status: int | None
    age: float
    origin: Origin
    """Whom it was put down to."""
    last_release: str
    detail: str

    def settled(self, retry: Retry) -> Failure:
        """How it is listed."""
        return Failure(
            at=self.at,
            phase=self.phase.name,
            attempt=self.attempt,
            status=self.status,
            age=self.age,
            release=self.origin[0],
            last_release=self.last_release,
            retry=retry,
            detail=self.detail,
        )


class GroupTally:
    """What answers and failures of one origin in one phase came to since the last snapshot.

    Durations are gathered in lists and sorted into buckets in bulk: that costs a fifth of counting each at once.
    """

    __slots__ = (
        "_latency",
        "_latency_seconds",
        "_service",
        "_service_seconds",
        "_slow",
        "add_latency",
        "add_service",
        "attempts",
        "dropped",
        "recovered",
        "statuses",
        "wanted",
    )

    def __init__(self) -> None:
        self.dropped = self.recovered = self._slow = 0
        self.wanted: dict[int, int] = {}
        """Statuses of the answers that were no drop."""
        self.statuses: dict[int, int] = {}
        """Statuses of all other answers: drops, and answers to retries."""
        self.attempts: dict[Attempt, int] = {}
        self._latency, self._service = Histogram(), Histogram()
        self._latency_seconds: list[float] = []
        self._service_seconds: list[float] = []
        self.add_latency = self._latency_seconds.append
        self.add_service = self._service_seconds.append

    def fold(self, objective: float) -> None:
        """Sort what was gathered into buckets, so that no more memory is held than buckets take."""
        self._latency.record_all(self._latency_seconds)
        self._service.record_all(self._service_seconds)
        if max(self._latency_seconds, default=0.0) > objective:
            self._slow += sum(seconds > objective for seconds in self._latency_seconds)
        self._latency_seconds.clear()
        self._service_seconds.clear()

    def delta(self, phase: str, origin: Origin, *, expect: frozenset[int], objective: float) -> Group:
        """The same as plain data. The tally must not be used afterwards."""
        self.fold(objective)
        unexpected = sum(n for status, n in self.wanted.items() if status >= _CLIENT_ERROR and status not in expect)
        statuses = dict(self.wanted)
        add_counts(statuses, self.statuses.items())
        return Group(
            phase=phase,
            release=origin[0],
            color=origin[1],
            ok=sum(self.wanted.values()) - unexpected,
            unexpected=unexpected,
            dropped=self.dropped,
            recovered=self.recovered,
            slow=self._slow,
            statuses=statuses,
            attempts=tuple(self.attempts.items()),
            latency=self._latency,
            service=self._service,
        )


class PhaseTally:
    """One phase of the run. Requests keep the one they were due in."""

    __slots__ = ("due", "groups", "name", "named", "not_sent", "origins")

    def __init__(self, name: str) -> None:
        self.name = name
        self.due = 0
        self.not_sent: dict[NotSent, int] = {}
        self.groups: dict[Origin, GroupTally] = {}
        self.origins: set[Origin] = set()
        self.named = False
        """Whether an answer ever told its release."""

    def group(self, origin: Origin) -> GroupTally:
        """The tally for an origin, made when it is new; beyond a bound all further ones share one."""
        tally = self.groups.get(origin)
        if tally is None:
            if origin not in self.origins:
                if len(self.origins) >= _MOST_ORIGINS:
                    origin = (OTHER, "")
                self.origins.add(origin)
                self.named |= not origin[0].startswith("(")
            tally = self.groups.setdefault(origin, GroupTally())
        return tally


class Tally:
    """All counters of a run."""

    def __init__(self, phase: str, *, expect: frozenset[int], objective: float) -> None:
        self._expect = expect
        self._objective = objective
        self._phases: dict[str, PhaseTally] = {}
        self._failures: list[Failure] = []
        self._failures_omitted = 0
        self._lag = Histogram()
        self._lag_seconds: list[float] = []
        self._totals = Totals()
        self.add_lag = self._lag_seconds.append
        """A due request was begun that late: seconds."""
        self.phase = self.enter(phase)
        """The phase that requests are due in now."""
        self.retries = self.stale = self.slow_connects = self.stray = self.opened = 0

    def enter(self, name: str) -> PhaseTally:
        """Requests due from now on belong to this phase, new or entered before."""
        known = self._phases.get(name)
        if known is None:
            if len(self._phases) >= _MOST_PHASES:
                name = OTHER
            known = self._phases.setdefault(name, PhaseTally(name))
        self.phase = known
        return known

    def gave_up(self, phase: PhaseTally, reason: NotSent, count: int = 1) -> None:
        """Requests that were due could not be sent, through our own fault. They were counted as due before."""
        phase.not_sent[reason] = phase.not_sent.get(reason, 0) + count

    def fell_due(self, count: int = 1) -> None:
        """Requests came due in the present phase."""
        self.phase.due += count

    def is_drop(self, status: int) -> bool:
        """Whether a complete answer with this status is a dropped request."""
        return status >= _SERVER_ERROR and status not in self._expect

    def failed(self, phase: PhaseTally, attempt: Attempt, origin: Origin | None, status: int | None) -> Origin:
        """An attempt failed; the first one of a request is its drop. Returns whom it is put down to."""
        origin = self._blame(origin, status)
        tally = phase.group(origin)
        tally.attempts[attempt] = tally.attempts.get(attempt, 0) + 1
        if status is not None:
            tally.statuses[status] = tally.statuses.get(status, 0) + 1
        tally.dropped += not attempt.retry
        return origin

    def recovered(self, phase: PhaseTally, status: int, answered_by: Origin, dropped_by: Origin) -> None:
        """The one retry of a dropped request got an answer that is no drop."""
        phase.group(dropped_by).recovered += 1
        statuses = phase.group(answered_by).statuses
        statuses[status] = statuses.get(status, 0) + 1

    def unasked(self, attempt: Attempt) -> None:
        """Bytes came on an idle connection: no request is hurt, so it is counted beside the outcomes."""
        self.stray += 1
        attempts = self.phase.group(NOBODY).attempts
        attempts[attempt] = attempts.get(attempt, 0) + 1

    def list_failure(self, failure: Failure) -> None:
        """Keep a failure for the next snapshot's list."""
        if len(self._failures) < _LISTED:
            self._failures.append(failure)
        else:
            self._failures_omitted += 1

    def fold(self) -> None:
        """Hold no more memory than buckets take, while no cut can be made."""
        for phase in self._phases.values():
            for tally in phase.groups.values():
                tally.fold(self._objective)
        self._fold_lag()

    def _fold_lag(self) -> None:
        self._lag.record_rounded(self._lag_seconds, _LAG_GRAIN)
        self._lag_seconds.clear()

    def cut(self, in_flight: int) -> Delta:
        """Everything since the last cut; counting begins anew."""
        phases: list[PhaseCounts] = []
        groups: list[Group] = []
        for phase in self._phases.values():
            if phase.due or phase.not_sent:
                phases.append(PhaseCounts(phase=phase.name, due=phase.due, not_sent=phase.not_sent))
                phase.due, phase.not_sent = 0, {}
            groups += [
                tally.delta(phase.name, origin, expect=self._expect, objective=self._objective)
                for origin, tally in phase.groups.items()
            ]
            phase.groups.clear()
        self._totals = self._added_up(phases, groups, in_flight)
        self._fold_lag()
        delta = Delta(
            totals=self._totals,
            phases=tuple(phases),
            groups=tuple(groups),
            failures=tuple(self._failures),
            failures_omitted=self._failures_omitted,
            lag=self._lag,
        )
        self._lag = Histogram()
        self._failures, self._failures_omitted = [], 0
        return delta

    def _added_up(self, phases: list[PhaseCounts], groups: list[Group], in_flight: int) -> Totals:
        before = self._totals
        return Totals(
            due=before.due + sum(phase.due for phase in phases),
            not_sent=before.not_sent + sum(sum(phase.not_sent.values()) for phase in phases),
            in_flight=in_flight,
            ok=before.ok + sum(group.ok for group in groups),
            unexpected=before.unexpected + sum(group.unexpected for group in groups),
            dropped=before.dropped + sum(group.dropped for group in groups),
            recovered=before.recovered + sum(group.recovered for group in groups),
            responses=before.responses + sum(sum(group.statuses.values()) for group in groups),
            slow=before.slow + sum(group.slow for group in groups),
            retries=self.retries,
            stale=self.stale,
            slow_connects=self.slow_connects,
            stray=self.stray,
            opened=self.opened,
        )

    def _blame(self, origin: Origin | None, status: int | None) -> Origin:
        """Whom a failure is put down to: who named itself; the proxy, for a 5xx without a name; or nobody."""
        if origin is None:
            return NOBODY
        # Where no answer ever names its release, a missing name tells nothing about who made this one.
        # A status beyond 599 is treated as a 5xx (RFC 9110 §15), but is nothing that a proxy makes by itself.
        made_up = status is None or status > _HIGHEST
        by_proxy = origin[0] == UNKNOWN and not made_up and any(phase.named for phase in self._phases.values())
        return (PROXY, "") if by_proxy else origin
