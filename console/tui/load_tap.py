"""A rollout's own account of load that runs already: the same requests are sent once and counted twice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from console.model.load import EndReason, LoadConfig, Snapshot, Started, Summary, Totals
from console.model.load_share import LoadShare
from console.model.load_totals import LoadSum
from console.ports.load import LoadCounts, LoadRun

_SPARE = 2.0
"""Seconds that the last requests of a rollout get to be counted in, beyond the time that one may take."""
_LOOK = 0.1
AFTERWARDS = ""
"""The phase of requests that belong to no rollout."""


class LoadTap:
    """Implements `console.ports.load.LoadRun` over a generator that somebody else runs.

    Only requests that were due in a phase stamped through this tap are counted, so that what was in flight before,
    and what comes after, belongs to nobody's evidence.
    """

    def __init__(self, source: LoadRun, started: Started, config: LoadConfig) -> None:
        self._source = source
        self._started = started
        self._config = config
        self._share = LoadShare(Totals())
        self._reader: asyncio.Task[None] | None = None
        self._began_at = 0.0
        self._ended_at: float | None = None
        self._counted: Snapshot | None = None
        """The last one that is in the sum; the source may be ahead of it."""
        self.sum = LoadSum()
        """As `LoadRun.sum`."""
        self.summary: Summary | None = None

    @property
    def latest(self) -> Snapshot | None:
        """As `LoadRun.latest`."""
        return self._source.latest

    async def start(self) -> Started:
        """Count from now on; nothing is started."""
        self._began_at = time.time()
        self._share = LoadShare(self._source.sum.totals)
        self._reader = asyncio.create_task(self._read(self._source.snapshots()))
        await self.phase(self._config.phase or "planned")
        return self._started

    def counts(self) -> LoadCounts:
        """As `Load.counts`, of the requests since `start`."""
        return self._counts(self._share.phases)

    def counts_in(self, phase: str) -> LoadCounts:
        """As `LoadRun.counts_in`."""
        return self._counts({phase})

    async def phase(self, name: str) -> int | None:
        """As `Load.phase`."""
        self._share.phases.add(name)
        return await self._source.phase(name)

    async def rate(self, rate: float) -> None:
        """As `LoadRun.rate`: there is one generator, and this is its rate."""
        await self._source.rate(rate)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """As `LoadRun.snapshots`, of everything that the generator sends."""
        async for snapshot in self._source.snapshots():
            yield snapshot

    async def stop(self) -> Summary | None:
        """Stamp what follows as nobody's, wait for the answers to what is still in flight, and sum up."""
        if self.summary is not None or self._reader is None:
            return self.summary
        self._ended_at = time.time()
        await self._source.phase(AFTERWARDS)
        complete = self.sum.snapshots + 2  # the snapshot that is being made now may lack what was due last
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._config.timeout + _SPARE):
                while self._source.counts().alive and not (  # noqa: ASYNC110 - the numbers come without an event
                    self.sum.snapshots >= complete and self._answered()
                ):
                    await asyncio.sleep(_LOOK)
        if self._source.counts().alive and self._answered():
            self.summary = self._summary()
        return self.summary

    async def close(self) -> None:
        """Count no longer. The generator goes on."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader}, timeout=1.0)

    def _answered(self) -> bool:
        counts = self.counts()
        return counts.done + counts.not_sent >= counts.due

    async def _read(self, snapshots: AsyncIterator[Snapshot]) -> None:
        async for snapshot in snapshots:
            self.sum.add(self._share.of(snapshot))
            self._counted = snapshot

    def _counts(self, phases: set[str]) -> LoadCounts:
        source = self._source.counts()
        planned = [counts for counts in self.sum.phases if counts.phase in phases]
        parts = [self.sum.outcomes(phase) for phase in phases]
        dropped = sum(part.dropped for part in parts)
        unexpected = sum(part.unexpected for part in parts)
        return LoadCounts(
            due=sum(counts.due for counts in planned),
            done=sum(part.ok for part in parts) + unexpected + dropped,
            dropped=dropped,
            not_sent=sum(sum(counts.not_sent.values()) for counts in planned),
            alive=source.alive,
            problem=source.problem,
            unexpected=unexpected,
            recovered=sum(part.recovered for part in parts),
            snapshot=self._counted.sequence if self._counted else 0,
            elapsed=self._counted.elapsed if self._counted else 0.0,
            ended=source.ended,
        )

    def _summary(self) -> Summary:
        ended = self._ended_at or time.time()
        return Summary(
            url=self._started.url,
            method=self._config.method,
            address=self._started.address,
            arrivals=self._config.arrivals,
            reason=EndReason.STOPPED,
            started_at=self._began_at,
            elapsed=ended - self._began_at,
            target_rate=self.latest.target_rate if self.latest else self._config.rate,
            totals=self.sum.totals,
            phases=self.sum.phases,
            groups=self.sum.groups,
            failures=tuple(self.sum.failures),
            failures_omitted=self.sum.failures_omitted,
            lag=self.sum.lag,
            cpu_seconds=0.0,
            snapshots=self.sum.snapshots,
            suspended=self.sum.suspended,
        )
