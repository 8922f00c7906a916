"""A load generator on a fake clock: so many requests a second, of which the new release drops its share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from console.model.errors import RuntimeFailedError, UsageError
from console.model.load import Arrivals, EndReason, Group, LoadConfig, PhaseCounts, Snapshot, Started, Summary, Totals
from console.model.load_totals import LoadSum
from console.ports.load import LoadCounts
from tests.fakes.clock import FakeClock

AT_ONCE = 20
"""Requests due in each phase however short it is: on a fake clock most of them take no time."""


class FakeLoad:
    """Counts by the clock. What is dropped is decided by the phase that a request was due in."""

    def __init__(self, clock: FakeClock) -> None:
        self.drop: dict[str, float] = {}
        """Phase -> share of its requests that are dropped."""
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
        self.refuses = ""
        self.config = LoadConfig(url="", rate=0)
        self.stamped: list[str] = []
        self.closed = False
        self.sum = LoadSum()
        self.latest: Snapshot | None = None
        self.summary: Summary | None = None
        self._clock = clock
        self._since = 0.0
        self._phase = ""
        self._over: list[tuple[str, float, float]] = []
        """Phases that are over, with their first and last moment."""
        self._died = False

    def make(self, config: LoadConfig) -> FakeLoad:
        """Stands in for whatever makes generators."""
        self.config, self._phase = config, config.phase
        return self

    async def start(self) -> Started:
        if self.refuses:
            raise UsageError("start the load", self.refuses, now="nothing was sent")
        if self.dies_in == "start":
            raise RuntimeFailedError("start the load generator", "it died", now="nothing was sent")
        self._since = self._clock.time
        return Started(url=self.config.url, address="127.0.0.1:80", pid=1, at=0.0, loop="fake")

    async def phase(self, name: str) -> None:
        if self._died:
            return
        self.stamped.append(name)
        self._over.append((self._phase, self._since, self._clock.time))
        self._phase, self._since = name, self._clock.time
        self._died = name == self.dies_in

    async def rate(self, rate: float) -> None:
        self.config = replace(self.config, rate=rate)

    def counts(self) -> LoadCounts:
        return self._sum(self._counted())

    def counts_in(self, phase: str) -> LoadCounts:
        return self._sum([one for one in self._counted() if one[0] == phase])

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        return
        yield

    async def stop(self) -> Summary | None:
        if self._died:
            return None
        if self.stalls_in in self.stamped:
            await asyncio.Event().wait()
        counted = self._counted()
        due, dropped = (sum(one[part] for one in counted) for part in (1, 2))
        self.summary = Summary(
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
            lag=self.sum.lag,
            cpu_seconds=0.0,
            snapshots=0,
        )
        return self.summary

    async def close(self) -> None:
        self.closed = True

    def _sum(self, counted: list[tuple[str, int, int]]) -> LoadCounts:
        problem = "the load generator died" if self._died else ""
        if self.stalls_in in self.stamped:
            problem = "the load generator was killed" if self.closed else "the load generator has said nothing for 2 s"
        dropped = late = 0
        for phase, _, drops in counted:
            ends = next((last for name, _, last in self._over if name == phase), self._clock.time)
            known = self._clock.time >= ends + self.late.get(phase, 0.0)
            dropped += drops if known else 0
            late += 0 if known else drops
        due = sum(due for _, due, _ in counted)
        unsent = sum(int(due * self.unsent.get(phase, 0.0)) for phase, due, _ in counted)
        return LoadCounts(
            due=due,
            done=due - late - unsent,
            dropped=dropped,
            not_sent=unsent,
            alive=not problem,
            problem=problem,
            unexpected=sum(int(due * self.unexpected.get(phase, 0.0)) for phase, due, _ in counted),
        )

    def _counted(self) -> list[tuple[str, int, int]]:
        """Phase, requests due in it, and those dropped in the end."""
        spans = [(phase, last - first) for phase, first, last in self._over]
        spans.append((self._phase, 0.0 if self._died else self._clock.time - self._since))
        found = []
        for phase, seconds in spans:
            due = round(seconds * self.config.rate) + AT_ONCE
            found.append((phase, due, int(due * self.drop.get(phase, 0.0))))
        return found
