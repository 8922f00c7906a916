"""A load generator on a fake clock: so many requests a second, of which the new release drops its share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from msgspec.structs import replace

from console.model.errors import RuntimeFailedError, UsageError
from console.model.histogram import Histogram
from console.model.load import (
    Arrivals,
    EndReason,
    Group,
    LoadConfig,
    NotSent,
    PhaseCounts,
    Snapshot,
    Started,
    Summary,
    Totals,
)
from console.model.load_totals import LoadSum
from console.ports.load import LoadCounts
from tests.fakes.clock import FakeClock

AT_ONCE = 20
"""Requests due in each phase however short it is: on a fake clock most of them take no time."""
INTERVAL = 0.1
"""Seconds between two snapshots."""
PATIENCE = 1.0
"""Seconds until a stamp that was not confirmed is waited for no longer."""
ENDED = "somebody ended the generator (SIGTERM)"


@dataclass(slots=True, kw_only=True)
class Span:
    """A phase and its time on the clock."""

    phase: str
    first: float
    last: float = float("inf")

    def holds(self, part: tuple[float, float], at: float) -> bool:
        """Whether a moment is within a part of the phase, in seconds after its beginning."""
        return self.first + part[0] < at < self.first + part[1]


class FakeLoad:
    """Counts by the clock. What becomes of a request is decided by the phase that it was due in.

    The counters are those of the last snapshot, as the real ones are.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.drop: dict[str, float] = {}
        """Phase -> share of its requests that are dropped."""
        self.drops_from: dict[str, float] = {}
        """Phase -> seconds after its beginning from which on its share is dropped."""
        self.takes = 0.0
        """Seconds that a good answer takes."""
        self.idle: dict[str, tuple[float, float]] = {}
        """Phase -> seconds after its beginning from and until which nothing falls due."""
        self.still: dict[str, tuple[float, float]] = {}
        """Phase -> seconds after its beginning from and until which the generator says and obeys nothing."""
        self.deaf_to: str | None = None
        """The phase that it neither enters nor confirms."""
        self.unexpected: dict[str, float] = {}
        """Phase -> share of its requests that get a 4xx; of those that are not dropped."""
        self.unsent: dict[str, float] = {}
        """Phase -> share of its requests that the generator itself could not send."""
        self.late: dict[str, float] = {}
        """Phase -> seconds after its end until its drops are known."""
        self.stray = 0
        """Idle connections that bring bytes nobody asked for."""
        self.dies_in = ""
        """The phase in which there are no more numbers."""
        self.stalls_in = ""
        """The phase from which it says nothing any more, and does not end."""
        self.ends_in = ""
        """The phase that begins with its end: it sums up, and sends nothing from then on."""
        self.lingers: dict[str, float] = {}
        """Phase -> seconds after its beginning from which on nothing falls due: somebody ended it, and it waits for
        answers."""
        self.refuses = ""
        self.config = LoadConfig(url="", rate=0)
        self.stamped: list[str] = []
        self.closed = False
        self.latest: Snapshot | None = None
        self.summary: Summary | None = None
        self._clock = clock
        self._spans: list[Span] = []
        self._died = False

    def make(self, config: LoadConfig) -> FakeLoad:
        """Stands in for whatever makes generators."""
        self.config = config
        self._spans = [Span(phase=config.phase, first=self._clock.time)]
        return self

    def dies(self) -> None:
        """The generator dies now; what it had told stays."""
        self._spans[-1].last = self._clock.time
        self._died = True

    async def start(self) -> Started:
        if self.refuses:
            raise UsageError("start the load", self.refuses, now="nothing was sent")
        if self.dies_in == "start":
            raise RuntimeFailedError("start the load generator", "it died", now="nothing was sent")
        self._spans = [Span(phase=self.config.phase, first=self._clock.time)]
        return Started(url=self.config.url, address="127.0.0.1:80", pid=1, at=0.0, loop="fake")

    async def phase(self, name: str) -> int | None:
        if self._died:
            return None
        self.stamped.append(name)
        end = self._clock.time + PATIENCE
        while name == self.deaf_to or self._still(self._clock.time) is not None:
            if self._clock.time >= end:
                return None
            await self._clock.sleep(INTERVAL)
        self._spans[-1].last = self._clock.time
        self._spans.append(Span(phase=name, first=self._clock.time))
        if name in (self.dies_in, self.ends_in):
            self.dies()
        self.summary = self._summed_up() if name == self.ends_in else None
        return self._number(self._clock.time)

    async def rate(self, rate: float) -> None:
        self.config = replace(self.config, rate=rate)

    def counts(self) -> LoadCounts:
        return self._counts(self._spans, self._clock.time)

    def counts_in(self, phase: str) -> LoadCounts:
        return self.counts_at(phase, self._clock.time)

    def counts_at(self, phase: str, at: float) -> LoadCounts:
        """The counters of a phase as the last snapshot before that moment tells them."""
        return self._counts([span for span in self._spans if span.phase == phase], at)

    @property
    def sum(self) -> LoadSum:
        """Of one snapshot that tells all of it."""
        now = self._clock.time
        parts = [(name, self.counts_at(name, now)) for name in dict.fromkeys(span.phase for span in self._spans)]
        phases, groups = [], []
        for name, part in parts:
            ok = part.done - part.dropped - part.unexpected
            not_sent = {NotSent.CAP: part.not_sent} if part.not_sent else {}
            phases.append(PhaseCounts(phase=name, due=part.due, not_sent=not_sent))
            groups.append(Group(phase=name, release="v1", ok=ok, unexpected=part.unexpected, dropped=part.dropped))
        whole = self.counts()
        total = LoadSum()
        total.add(
            Snapshot(
                sequence=1,
                at=now,
                elapsed=whole.elapsed,
                window=whole.elapsed,
                target_rate=self.config.rate,
                totals=Totals(
                    due=whole.due,
                    not_sent=whole.not_sent,
                    in_flight=whole.due - whole.not_sent - whole.done,
                    ok=whole.done - whole.dropped - whole.unexpected,
                    unexpected=whole.unexpected,
                    dropped=whole.dropped,
                ),
                phases=tuple(phases),
                groups=tuple(groups),
                failures_omitted=whole.dropped,
            )
        )
        return total

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        return
        yield

    async def stop(self) -> Summary | None:
        if self._died:
            return self.summary
        if self.stalls_in in self.stamped:
            await asyncio.Event().wait()
        self.summary = self._summed_up()
        return self.summary

    async def close(self) -> None:
        self.closed = True

    def _summed_up(self) -> Summary:
        now = self._clock.time
        counted = [(span.phase, self._due(span, now), self._dropped(span, now)) for span in self._spans]
        due, dropped = (sum(one[part] for one in counted) for part in (1, 2))
        return Summary(
            url=self.config.url,
            method="GET",
            address="127.0.0.1:80",
            arrivals=Arrivals.CONSTANT,
            reason=EndReason.STOPPED,
            started_at=0.0,
            elapsed=self._clock.time,
            target_rate=self.config.rate,
            totals=Totals(due=due, ok=due - dropped, dropped=dropped, responses=due, stray=self.stray),
            phases=tuple(PhaseCounts(phase=phase, due=due) for phase, due, _ in counted),
            groups=tuple(
                Group(phase=phase, release="v1", ok=due - dropped, dropped=dropped) for phase, due, dropped in counted
            ),
            failures=(),
            failures_omitted=dropped,
            lag=Histogram(),
            cpu_seconds=0.0,
            snapshots=0,
        )

    def _counts(self, spans: list[Span], now: float) -> LoadCounts:
        problem = (f"the load ended: {ENDED}" if self.summary else "the load generator died") if self._died else ""
        if self.stalls_in in self.stamped:
            problem = "the load generator was killed" if self.closed else "the load generator has said nothing for 2 s"
        number = self._number(now)
        at = self._spans[0].first + number * INTERVAL if self._spans else now
        due = done = dropped = unsent = unexpected = 0
        for span in spans:
            share = self.unsent.get(span.phase, 0.0)
            known = self._dropped(span, at) if self._known(span, at) else 0
            answered = self._due(span, at - self.takes)
            due += self._due(span, at)
            dropped += known
            unsent += int(self._due(span, at) * share)
            done += known + answered - self._dropped(span, at - self.takes) - int(answered * share)
            unexpected += int(answered * self.unexpected.get(span.phase, 0.0))
        return LoadCounts(
            due=due,
            done=done,
            dropped=dropped,
            not_sent=unsent,
            alive=not problem,
            problem=problem,
            unexpected=unexpected,
            snapshot=number,
            elapsed=number * INTERVAL,
            ended=ENDED if (self._died and self.summary) or at >= self._over_at else "",
        )

    @property
    def _over_at(self) -> float:
        """When it sent the last."""
        ends = [span.first + self.lingers[span.phase] for span in self._spans if span.phase in self.lingers]
        return min(ends, default=float("inf"))

    def _known(self, span: Span, at: float) -> bool:
        late = self.late.get(span.phase, 0.0)
        return not late or at >= span.last + late

    def _still(self, at: float) -> float | None:
        """When the standstill of this moment began; None while there is none."""
        parts = ((span, self.still[span.phase]) for span in self._spans if span.phase in self.still)
        return next((span.first + part[0] for span, part in parts if span.holds(part, at)), None)

    def _number(self, at: float) -> int:
        """Of the last snapshot until then."""
        since = self._still(at)
        at = at if since is None else since
        return int((at - self._spans[0].first) / INTERVAL + 1e-6) if self._spans else 0

    def _due(self, span: Span, at: float) -> int:
        """Requests due in a phase until that moment."""
        if at <= span.first or self._over_at <= span.first:
            return 0
        end = min(at, span.last, self._over_at)
        idle_from, idle_until = (span.first + edge for edge in self.idle.get(span.phase, (0.0, 0.0)))
        idle = max(0.0, min(end, idle_until) - idle_from)
        return round((end - span.first - idle) * self.config.rate) + AT_ONCE

    def _dropped(self, span: Span, at: float) -> int:
        """Of those, the ones that get no good answer in the end."""
        sound = self.drops_from.get(span.phase)
        spared = 0 if sound is None else self._due(span, min(at, span.first + sound))
        return int((self._due(span, at) - spared) * self.drop.get(span.phase, 0.0))
