"""Request success as a strip shows it: one bucket a quarter of a second, from the load generator's snapshots.

Pure, and bounded in memory: the series keeps the last so many buckets, and in each at most so many releases. A bucket
that nothing was measured in says so; it never counts as success.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import floor

from console.model.histogram import Histogram
from console.model.load import OTHER, Failure, Group, Snapshot, Totals
from console.observe.bucket import BUCKET, Bucket, Mark, Share

KEPT = 480
"""Buckets that are kept: two minutes."""
RELEASES = 8
"""Releases and colors that one bucket tells apart; further ones are counted under `OTHER`."""
KEPT_MARKS = 64
KEPT_FAILURES = 50
RECENT = 10.0
"""Seconds that the latency figures beside the strip are taken from."""
SHARES = 2.0
"""Seconds that the shares of the colors are taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds from the scheduled time, of the answers that were no drop; None without one."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsView:
    """One load at one moment: what a screen shows of it."""

    totals: Totals | None = None
    """Since the load began; None before the first report."""
    rate: float | None = None
    """Requests really begun a second, by the last report."""
    target_rate: float | None = None
    recent: Latency = field(default_factory=Latency)
    """Of the last `RECENT` seconds."""
    lag: float | None = None
    """The 99th percentile of how late requests were begun, seconds, by the last report: the generator's own health."""
    buckets: tuple[Bucket, ...] = ()
    """Oldest first, without a gap."""
    marks: tuple[Mark, ...] = ()
    failures: tuple[Failure, ...] = ()
    """The last ones, oldest first."""
    problem: str = ""
    """Why there is no data now; empty while there is."""

    @property
    def untold(self) -> bool:
        """Whether there were answers in the last `SHARES` seconds, none of which told its color."""
        counts = [share for bucket in self.buckets[-round(SHARES / BUCKET) :] for share in bucket.shares]
        return bool(counts) and not any(share.color for share in counts)

    def share_of(self, color: str) -> float | None:
        """The share of the answers of the last `SHARES` seconds that one color gave.

        None when nobody answered, or no answer told its color.
        """
        counts = [share for bucket in self.buckets[-round(SHARES / BUCKET) :] for share in bucket.shares]
        answers = sum(share.count for share in counts)
        if not any(share.color for share in counts):
            return None
        return sum(share.count for share in counts if share.color == color) / answers if answers else None


@dataclass(slots=True)
class _Sum:
    """A bucket while it is added to."""

    ok: int = 0
    unexpected: int = 0
    dropped: int = 0
    slow: int = 0
    not_sent: int = 0
    latency: Histogram = field(default_factory=Histogram)
    shares: dict[tuple[str, str], int] = field(default_factory=dict)
    later: bool = False
    built: Bucket | None = None
    """Once read; forgotten when something is added."""

    def add(self, group: Group) -> None:
        self.ok += group.ok
        self.unexpected += group.unexpected
        self.dropped += group.dropped
        self.slow += group.slow
        self.latency.merge(group.latency)
        answered = sum(group.statuses.values())
        key = (group.release, group.color)
        if answered:
            if key not in self.shares and len(self.shares) >= RELEASES:
                key = (OTHER, "")
            self.shares[key] = self.shares.get(key, 0) + answered

    def bucket(self, at: float, marks: Iterable[str]) -> Bucket:
        p50, p99 = self.latency.quantiles((0.5, 0.99))
        ranked = sorted(self.shares.items(), key=lambda item: (-item[1], item[0]))
        return Bucket(
            at=at,
            ok=self.ok,
            unexpected=self.unexpected,
            dropped=self.dropped,
            slow=self.slow,
            not_sent=self.not_sent,
            p50=p50,
            p99=p99,
            maximum=self.latency.maximum,
            shares=tuple(Share(release=name, color=color, count=count) for (name, color), count in ranked),
            marks=tuple(marks),
            later=self.later,
        )


class RequestSeries:
    """The rolling series of one load. Not thread-safe; what `view` returns is.

    A report counts in the bucket that its end falls in, so that none is split or counted twice; at the usual ten a
    second a request shows at most a tenth of a second late.
    """

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._sums: dict[int, _Sum] = {}
        self._marks: deque[Mark] = deque(maxlen=KEPT_MARKS)
        self._failures: deque[Failure] = deque(maxlen=KEPT_FAILURES)
        self._newest: int | None = None
        self._last: Snapshot | None = None

    def add(self, snapshot: Snapshot) -> None:
        """Add what the generator reported."""
        self._last = snapshot
        self._failures.extend(snapshot.failures)
        place = _place(snapshot.at)
        self._reach(place)
        for covered in range(max(_place(snapshot.at - snapshot.window) + 1, place - self._kept + 1), place):
            self._sums.setdefault(covered, _Sum(later=True))
        total = self._sums.setdefault(place, _Sum())
        total.later, total.built = False, None
        for group in snapshot.groups:
            total.add(group)
        for phase in snapshot.phases:
            total.not_sent += sum(phase.not_sent.values())

    def mark(self, text: str, *, at: float) -> None:
        """Remember that something happened, at a moment in seconds since the epoch."""
        self._marks.append(Mark(at=at, text=text))
        total = self._sums.get(_place(at))
        if total is not None:
            total.built = None

    def view(self, count: int | None = None, *, now: float | None = None, problem: str = "") -> RequestsView:
        """All of it, as it is.

        Args:
            count: how many buckets; None means all that are kept since the first report.
            now: seconds since the epoch: the buckets go on until then, without data, which is what a generator that
                died or stalls leaves behind. None ends them with the last report.
            problem: why there is no data now, as `ports.load.LoadCounts.problem` says it.
        """
        last = self._last
        return RequestsView(
            totals=last.totals if last else None,
            rate=last.rate if last else None,
            target_rate=last.target_rate if last else None,
            recent=self._recent(),
            lag=last.lag.quantile(0.99) if last else None,
            buckets=self.buckets(count, now=now),
            marks=tuple(self._marks),
            failures=tuple(self._failures),
            problem=problem,
        )

    def buckets(self, count: int | None = None, *, now: float | None = None) -> tuple[Bucket, ...]:
        """The last buckets without a gap, oldest first; see `view`."""
        if self._newest is None:
            return ()
        last = self._newest if now is None else max(self._newest, _place(now))
        wanted = self._kept if count is None else min(count, self._kept)
        first = max(min(self._sums), last - wanted + 1)
        marks: dict[int, list[str]] = {}
        for mark in self._marks:
            marks.setdefault(_place(mark.at), []).append(mark.text)
        return tuple(self._bucket(place, marks.get(place, ())) for place in range(first, last + 1))

    def _bucket(self, place: int, marks: Iterable[str]) -> Bucket:
        total = self._sums.get(place)
        if total is None:
            return Bucket(at=place * BUCKET, marks=tuple(marks))
        if total.built is None:
            total.built = total.bucket(place * BUCKET, marks)
        return total.built

    def _recent(self) -> Latency:
        if self._newest is None:
            return Latency()
        merged = Histogram()
        for place in range(self._newest - round(RECENT / BUCKET) + 1, self._newest + 1):
            if place in self._sums:
                merged.merge(self._sums[place].latency)
        p50, p90, p99 = merged.quantiles((0.5, 0.9, 0.99))
        return Latency(p50=p50, p90=p90, p99=p99, maximum=merged.maximum)

    def _reach(self, place: int) -> None:
        """Let the series go on to a bucket, and forget what is too old then."""
        if self._newest is not None and place <= self._newest - self._kept:
            self._sums.clear()  # the wall clock was set back: the series begins anew rather than stands still
        elif self._newest is not None and place <= self._newest:
            return
        self._newest = place
        for old in [known for known in self._sums if known <= place - self._kept]:
            del self._sums[old]


def _place(at: float) -> int:
    return floor(at / BUCKET)
