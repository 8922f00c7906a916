"""Snapshots added up. The generator sums its own this way, and so does every reader: the results are equal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeVar

from console.model.histogram import Histogram
from console.model.load import Attempt, Failure, Group, NotSent, PhaseCounts, Snapshot, Totals

LISTED_FAILURES = 200
"""How many of the last failures are kept."""

_GATHERED = 32
"""Histograms that are gathered until they are added up: several in one go cost a fraction of each by itself."""

_Key = TypeVar("_Key")


class _HistogramSum:
    """Histograms that nobody changes any more, added up when somebody looks, or when many have gathered."""

    __slots__ = ("_gathered", "_sum")

    def __init__(self) -> None:
        self._gathered: list[Histogram] = []
        self._sum = Histogram()

    def add(self, delta: Histogram) -> None:
        self._gathered.append(delta)
        if len(self._gathered) >= _GATHERED:
            self.total()

    def total(self) -> Histogram:
        """The running sum; it changes with the next call."""
        for delta in self._gathered:
            self._sum.merge(delta)
        self._gathered.clear()
        return self._sum


class _GroupSum:
    """One group's running sum, cheap to add to."""

    __slots__ = (
        "attempts",
        "dropped",
        "latency",
        "ok",
        "recovered",
        "service",
        "slow",
        "statuses",
        "unexpected",
    )

    def __init__(self) -> None:
        self.ok = self.unexpected = self.dropped = self.recovered = self.slow = 0
        self.statuses: dict[int, int] = {}
        self.attempts: dict[Attempt, int] = {}
        self.latency = _HistogramSum()
        self.service = _HistogramSum()

    def add(self, delta: Group) -> None:
        self.ok += delta.ok
        self.unexpected += delta.unexpected
        self.dropped += delta.dropped
        self.recovered += delta.recovered
        self.slow += delta.slow
        add_counts(self.statuses, delta.statuses.items())
        add_counts(self.attempts, delta.attempts)
        self.latency.add(delta.latency)
        self.service.add(delta.service)

    def group(self, phase: str, release: str, color: str) -> Group:
        return Group(
            phase=phase,
            release=release,
            color=color,
            ok=self.ok,
            unexpected=self.unexpected,
            dropped=self.dropped,
            recovered=self.recovered,
            slow=self.slow,
            statuses=dict(sorted(self.statuses.items())),
            attempts=tuple(self.attempts.items()),
            latency=Histogram(self.latency.total().counts),
            service=Histogram(self.service.total().counts),
        )


class LoadSum:
    """The sum of all snapshots added so far. Memory depends on how many phases and releases there are, not on time."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.totals = Totals()
        self._lag = _HistogramSum()
        self.failures: deque[Failure] = deque(maxlen=LISTED_FAILURES)
        self.failures_omitted = 0
        self.suspended = 0.0
        self._phases: dict[str, tuple[int, dict[NotSent, int]]] = {}
        self._groups: dict[tuple[str, str, str], _GroupSum] = {}

    def add(self, snapshot: Snapshot) -> None:
        """Add one snapshot."""
        self.snapshots += 1
        self.totals = snapshot.totals
        self.suspended += snapshot.suspended
        self._lag.add(snapshot.lag)
        overflow = len(self.failures) + len(snapshot.failures) - LISTED_FAILURES
        self.failures_omitted += snapshot.failures_omitted + max(0, overflow)
        self.failures.extend(snapshot.failures)
        for delta in snapshot.phases:
            due, not_sent = self._phases.get(delta.phase, (0, {}))
            add_counts(not_sent, delta.not_sent.items())
            self._phases[delta.phase] = (due + delta.due, not_sent)
        for group in snapshot.groups:
            key = (group.phase, group.release, group.color)
            if key not in self._groups:
                self._groups[key] = _GroupSum()
            self._groups[key].add(group)

    @property
    def lag(self) -> Histogram:
        """How late requests were begun."""
        return self._lag.total()

    @property
    def phases(self) -> tuple[PhaseCounts, ...]:
        """The schedule's side, in order of appearance."""
        return tuple(PhaseCounts(phase=name, due=due, not_sent=dict(n)) for name, (due, n) in self._phases.items())

    def outcomes(self, phase: str) -> Group:
        """What the requests of one phase came to, over all releases, without the histograms: cheap enough to poll."""
        parts = [total for (name, _, _), total in self._groups.items() if name == phase]
        return Group(
            phase=phase,
            release="",
            ok=sum(part.ok for part in parts),
            unexpected=sum(part.unexpected for part in parts),
            dropped=sum(part.dropped for part in parts),
            recovered=sum(part.recovered for part in parts),
            slow=sum(part.slow for part in parts),
        )

    @property
    def groups(self) -> tuple[Group, ...]:
        """The answers' side by phase, release and color, in order of appearance."""
        return tuple(total.group(*key) for key, total in self._groups.items())


def merged(groups: Iterable[Group], *, phase: str = "", release: str = "", color: str = "") -> Group:
    """Several groups as one, for example all releases of a phase; the names only label the result."""
    total = _GroupSum()
    for group in groups:
        total.add(group)
    return total.group(phase, release, color)


def since(before: Totals, now: Totals) -> Totals:
    """What was counted between two moments of one run: of every counter, whichever there are."""
    return Totals(**{name: getattr(now, name) - getattr(before, name) for name in Totals.__struct_fields__})


def add_counts(total: dict[_Key, int], counts: Iterable[tuple[_Key, int]]) -> None:
    """Add counts to `total`, key by key."""
    for key, count in counts:
        total[key] = total.get(key, 0) + count
