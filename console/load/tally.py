"""Counts what happens between two snapshots, and hands it out as a delta."""

from __future__ import annotations

from dataclasses import dataclass

from console.load.answer import Origin
from console.model.histogram import Histogram, bucket_of
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

_MOST_PHASES = 64
_MOST_ORIGINS = 32
_LISTED = 50
"""Failures that one snapshot lists."""

_SERVER_ERROR = 500
_CLIENT_ERROR = 400

NOBODY: Origin = (NO_ANSWER, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What was counted between two cuts."""

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
    """What answers and failures of one origin in one phase came to since the last snapshot."""

    __slots__ = ("attempts", "dropped", "latency", "ok", "recovered", "service", "slow", "statuses", "unexpected")

    def __init__(self) -> None:
        self.ok = self.unexpected = self.dropped = self.recovered = self.slow = 0
        self.statuses: dict[int, int] = {}
        self.attempts: dict[Attempt, int] = {}
        self.latency: dict[int, int] = {}
        self.service: dict[int, int] = {}

    def delta(self, phase: str, origin: Origin) -> Group:
        """The same as plain data. The tally must not be used afterwards: its histograms are handed over."""
        return Group(
            phase=phase,
            release=origin[0],
            color=origin[1],
            ok=self.ok,
            unexpected=self.unexpected,
            dropped=self.dropped,
            recovered=self.recovered,
            slow=self.slow,
            statuses=self.statuses,
            attempts=self.attempts,
            latency=Histogram(self.latency),
            service=Histogram(self.service),
        )


class PhaseTally:
    """One phase of the run. Requests keep the one they were due in."""

    __slots__ = ("due", "groups", "name", "not_sent", "origins")

    def __init__(self, name: str) -> None:
        self.name = name
        self.due = 0
        self.not_sent: dict[NotSent, int] = {}
        self.groups: dict[Origin, GroupTally] = {}
        self.origins: set[Origin] = set()

    def group(self, origin: Origin) -> GroupTally:
        """The tally for an origin, made when it is new; beyond a bound all further ones share one."""
        tally = self.groups.get(origin)
        if tally is None:
            if origin not in self.origins:
                if len(self.origins) >= _MOST_ORIGINS:
                    origin = (OTHER, "")
                self.origins.add(origin)
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
        self._named = False
        self._lag: dict[int, int] = {}
        self.phase = self.enter(phase)
        """The phase that requests are due in now."""
        self.due = self.not_sent = self.ok = self.unexpected = self.dropped = self.recovered = 0
        self.responses = self.retries = self.stale = self.slow = self.slow_connects = self.stray = self.opened = 0

    def enter(self, name: str) -> PhaseTally:
        """Requests due from now on belong to this phase, new or entered before."""
        known = self._phases.get(name)
        if known is None:
            if len(self._phases) >= _MOST_PHASES:
                name = OTHER
            known = self._phases.setdefault(name, PhaseTally(name))
        self.phase = known
        return known

    def begun(self, lag: float) -> None:
        """A due request was begun that late."""
        bucket = bucket_of(lag)
        self._lag[bucket] = self._lag.get(bucket, 0) + 1

    def gave_up(self, phase: PhaseTally, reason: NotSent, count: int = 1) -> None:
        """Requests that were due could not be sent, through our own fault. They were counted as due before."""
        self.not_sent += count
        phase.not_sent[reason] = phase.not_sent.get(reason, 0) + count

    def fell_due(self, count: int = 1) -> None:
        """Requests came due in the present phase."""
        self.due += count
        self.phase.due += count

    def is_drop(self, status: int) -> bool:
        """Whether a complete answer with this status is a dropped request."""
        return status >= _SERVER_ERROR and status not in self._expect

    def answered(self, phase: PhaseTally, status: int, origin: Origin, latency: float, service: float) -> None:
        """A request got a complete answer that is no drop. Seconds."""
        self.responses += 1
        if not origin[0]:
            origin = (UNKNOWN, origin[1])
        else:
            self._named = True
        tally = phase.groups.get(origin) or phase.group(origin)
        if status < _CLIENT_ERROR or status in self._expect:
            tally.ok += 1
            self.ok += 1
        else:
            tally.unexpected += 1
            self.unexpected += 1
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        bucket = bucket_of(latency)
        tally.latency[bucket] = tally.latency.get(bucket, 0) + 1
        bucket = bucket_of(service)
        tally.service[bucket] = tally.service.get(bucket, 0) + 1
        if latency > self._objective:
            tally.slow += 1
            self.slow += 1

    def failed(self, phase: PhaseTally, attempt: Attempt, origin: Origin, status: int | None) -> Origin:
        """An attempt failed; the first one of a request is its drop. Returns whom it is put down to."""
        origin = self._blame(origin, status)
        tally = phase.group(origin)
        tally.attempts[attempt] = tally.attempts.get(attempt, 0) + 1
        if status is not None:
            self.responses += 1
            tally.statuses[status] = tally.statuses.get(status, 0) + 1
        if not attempt.retry:
            tally.dropped += 1
            self.dropped += 1
        return origin

    def recovered_by(self, phase: PhaseTally, status: int, answered_by: Origin, dropped_by: Origin) -> None:
        """The one retry of a dropped request got an answer that is no drop."""
        self.responses += 1
        self.recovered += 1
        phase.group(dropped_by).recovered += 1
        statuses = phase.group((answered_by[0] or UNKNOWN, answered_by[1])).statuses
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

    def totals(self, in_flight: int) -> Totals:
        """The cumulative counters."""
        return Totals(
            due=self.due,
            not_sent=self.not_sent,
            in_flight=in_flight,
            ok=self.ok,
            unexpected=self.unexpected,
            dropped=self.dropped,
            recovered=self.recovered,
            responses=self.responses,
            retries=self.retries,
            stale=self.stale,
            slow=self.slow,
            slow_connects=self.slow_connects,
            stray=self.stray,
            opened=self.opened,
        )

    def cut(self) -> Delta:
        """Everything since the last cut; counting begins anew."""
        phases: list[PhaseCounts] = []
        groups: list[Group] = []
        for phase in self._phases.values():
            if phase.due or phase.not_sent:
                phases.append(PhaseCounts(phase=phase.name, due=phase.due, not_sent=phase.not_sent))
                phase.due, phase.not_sent = 0, {}
            groups += [tally.delta(phase.name, origin) for origin, tally in phase.groups.items()]
            phase.groups.clear()
        delta = Delta(
            phases=tuple(phases),
            groups=tuple(groups),
            failures=tuple(self._failures),
            failures_omitted=self._failures_omitted,
            lag=Histogram(self._lag),
        )
        self._failures, self._failures_omitted, self._lag = [], 0, {}
        return delta

    def _blame(self, origin: Origin, status: int | None) -> Origin:
        """Whom a failure is put down to: who named itself; the proxy, for a 5xx without a name; or nobody."""
        if origin[0]:
            return origin
        if status is None:
            return NOBODY
        # Where no answer ever names its release, a missing name tells nothing about who made this one.
        return (PROXY if self._named else UNKNOWN, "")
