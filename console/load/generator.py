"""One run: the schedule drives the dispatcher, snapshots tell what came of it."""

from __future__ import annotations

import asyncio
import time
from time import monotonic
from typing import Protocol

from console.load.answer import attribution
from console.load.connection import Job
from console.load.direct_loop import DirectLoop
from console.load.dispatcher import Dispatcher
from console.load.response import ResponseRules
from console.load.schedule import Schedule
from console.load.starter import Starter
from console.load.tally import Tally
from console.load.target import Target
from console.load.template import render
from console.load.ticker import Ticker, make_ticker
from console.model.load import (
    MAX_DURATION,
    MAX_RATE,
    MIN_RATE,
    Arrivals,
    EndReason,
    LoadConfig,
    Message,
    NotSent,
    Snapshot,
    Summary,
    Times,
)
from console.model.load_totals import LoadSum, merged

_BATCH = 256
"""Requests begun before answers are looked at again."""

_TOO_LATE = 1.0
"""Seconds. What is due longer (the process was suspended) is given up as not sent, rather than sent in a flood."""

_ONE_BY_ONE = 2500.0
"""Requests a second up to which each is sent when it is due, to the timer's exactness."""
_TOGETHER = 4.5
"""Beyond that rate a wake-up costs more than a request: about so many that fell due meanwhile are sent together. The
send lag shows it."""
_SHORTEST_GAP, _LONGEST_GAP = 0.0004, 0.0009
"""Seconds between two wake-ups then, whatever the rate is."""

_HAIR = 1e-6
"""Seconds; a timer that expired before a request is due would wake up for nothing, and the next time be late."""

_CLOCK_STEP = 0.002
"""Seconds that the event loop's clock may be ahead of the one that the schedule goes by."""


class Outlet(Protocol):
    """Where snapshots go."""

    def write(self, message: Message) -> None:
        """Take a message; never blocks."""
        ...

    def congested(self) -> bool:
        """Whether so much waits for the reader that no more should be added."""
        ...


class Generator:
    """Sends what is due until it is told to stop. Raises `TargetError` for a configuration that can't be sent."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        config: LoadConfig,
        target: Target,
        outgoing: Outlet,
        starter: Starter,
    ) -> None:
        rules = ResponseRules(attribution(config), head_only=config.method.upper() == "HEAD")
        job = Job(target=target, request=render(config, target.url), rules=rules)
        self._loop = loop
        self._config = config
        self._target = target
        self._outgoing = outgoing
        self._starter = starter
        self._wanted_rate = config.rate
        self._suspended_since: float | None = None
        self._suspended = 0.0
        self._tally = Tally(config.phase, expect=config.expect, objective=config.objective)
        self._dispatcher = Dispatcher(loop, config, job, self._tally)
        self._sum = LoadSum()
        self._stop = loop.create_future()
        self._sequence = 0
        self._cpu_at_start = self._cpu_at_cut = self._cut_at = self._start = 0.0
        self._started_at = 0.0
        self._begun = False
        self._ended: EndReason | None = None
        self._behind = False
        """More is due than was begun in one go; the rest is on its way."""
        self._steady = config.arrivals is Arrivals.CONSTANT
        self._bound = MAX_DURATION if config.duration is None else min(MAX_DURATION, config.duration)
        self._schedule: Schedule
        self._ticker: Ticker

    def begin(self) -> None:
        """Start the schedule: the first request is due now. Once; a rate and a phase may have been set before."""
        config = self._config
        self._begun = True
        self._started_at, self._start = time.time(), monotonic()
        self._cut_at = self._start
        self._cpu_at_start = self._cpu_at_cut = time.process_time()
        self._schedule = Schedule(start=self._start, rate=self._wanted_rate, arrivals=config.arrivals, seed=config.seed)
        self._schedule.end = self._start + self._bound
        self._ticker = make_ticker(self._loop, self._tick)

    async def run(self) -> Summary:
        """The rest of the run. Cancelling it closes every connection at once, and so does its end."""
        snapshots = self._loop.create_task(self._snapshots())
        try:
            self._tick()
            self._set_ticker(monotonic())
            reason = self._ended = await self._end(snapshots)
            if reason is EndReason.STOPPED:
                self._schedule.stop(monotonic())
            ended = min(monotonic(), self._schedule.end)
            self._catch_up()
            await self._dispatcher.drain()
        finally:
            snapshots.cancel()
            self._ticker.close()
            self._dispatcher.close()
        self._snapshot()
        return self._summary(reason, ended - self._start)

    def set_rate(self, rate: float) -> None:
        """Go on at another rate, within the bounds of every rate."""
        self._wanted_rate = min(max(rate, MIN_RATE), MAX_RATE) if rate > 0 else 0.0
        if self._begun and self._suspended_since is None:
            self._go_at(self._wanted_rate)

    def _go_at(self, rate: float) -> None:
        self._catch_up()
        self._schedule.set_rate(rate, monotonic())
        self._tick()
        self._set_ticker(monotonic())

    def _follow_starter(self) -> None:
        """Nothing falls due while the process that started this one is stopped, and so nothing is lost either."""
        stopped, since, now = self._starter.stopped(), self._suspended_since, monotonic()
        if since is not None:
            self._suspended += max(0.0, min(now, self._schedule.end) - since)
        self._suspended_since = now if stopped else None
        if stopped != (since is not None):
            self._go_at(0.0 if stopped else self._wanted_rate)

    def enter_phase(self, name: str) -> None:
        """Requests due from now on carry this phase."""
        if self._begun:
            self._catch_up()
        self._tally.enter(name)

    def stop(self) -> None:
        """No further arrivals; what is in flight is waited for. Idempotent."""
        if not self._stop.done():
            self._stop.set_result(None)

    async def _end(self, snapshots: asyncio.Task[None]) -> EndReason:
        ends: set[asyncio.Future[None]] = {self._stop, snapshots}
        await asyncio.wait(ends, timeout=self._bound + _CLOCK_STEP, return_when=asyncio.FIRST_COMPLETED)
        if snapshots.done():
            snapshots.result()  # it ends only by an error: better no load than one that nobody hears of
        if self._stop.done():
            return EndReason.STOPPED
        return EndReason.BOUND if self._config.duration is None else EndReason.DURATION

    def _tick(self) -> None:
        """The timer went off: begin what is due."""
        if self._behind:
            return  # answers are looked at before what is left over from the last batch
        now = monotonic()
        begun = self._begin_due(now)
        if begun == _BATCH:
            self._behind = True
            self._loop.call_soon(self._go_on)
        elif not begun or not self._steady:
            self._set_ticker(now)  # it was early, as some loops' timers are, or has to be set for each

    def _go_on(self) -> None:
        self._behind = False
        if isinstance(self._loop, DirectLoop):  # any other loop has looked since
            self._loop.direct.look()
        self._tick()

    def _set_ticker(self, now: float) -> None:
        """Wake up when the next request is due and, with constant arrivals, at equal intervals from there on."""
        when, rate = self._schedule.waiting, self._schedule.rate
        # At a rate of 0 there may still be requests that were due before it.
        gap = 1 / rate if rate > 0 else 0.0
        if rate > _ONE_BY_ONE:
            gap = max(_SHORTEST_GAP, min(_LONGEST_GAP, _TOGETHER / rate))
            when = max(when, now + gap)
        self._ticker.arm(when + _HAIR, gap if self._steady else 0.0)

    def _begin_due(self, now: float) -> int:
        batch = self._schedule.take(now, _BATCH)
        taken = len(batch)
        if taken and batch[0] < now - _TOO_LATE:
            batch = self._in_time(batch, now - _TOO_LATE)
        dispatcher = self._dispatcher
        for begun, due in enumerate(batch):
            if not dispatcher.begin(due):
                dispatcher.refuse(len(batch) - begun)
                break
        return taken

    def _in_time(self, batch: list[float], bound: float) -> list[float]:
        """What of a batch was due since `bound`; the rest, and all in the schedule that was due before, is given up."""
        kept = [due for due in batch if due >= bound]
        late = len(batch) - len(kept) + self._schedule.skip(bound)
        self._tally.fell_due(late)
        self._tally.gave_up(self._tally.phase, NotSent.LAG, late)
        return kept

    def _catch_up(self) -> None:
        now = monotonic()
        while self._schedule.waiting <= now:
            self._begin_due(now)

    async def _snapshots(self) -> None:
        interval = self._config.interval
        planned = self._start
        while True:
            planned = max(planned + interval, monotonic())
            await asyncio.sleep(planned - monotonic())
            self._follow_starter()
            # The timer counts whole nanoseconds: now and then it is told anew what the schedule says.
            self._set_ticker(monotonic())
            # While the reader is behind, the window just grows: nothing is lost but its resolution.
            if self._outgoing.congested():
                self._tally.fold()
            else:
                self._snapshot()

    def _snapshot(self) -> None:
        now, cpu = monotonic(), time.process_time()
        window = now - self._cut_at
        delta = self._tally.cut(self._dispatcher.in_flight)
        self._sequence += 1
        snapshot = Snapshot(
            sequence=self._sequence,
            at=time.time(),
            elapsed=now - self._start,
            window=window,
            target_rate=self._schedule.rate,
            totals=delta.totals,
            phases=delta.phases,
            groups=delta.groups,
            failures=delta.failures,
            failures_omitted=delta.failures_omitted,
            lag=delta.lag,
            cpu=(cpu - self._cpu_at_cut) / window if window > 0 else 0.0,
            open_connections=self._dispatcher.open_connections,
            ended=self._ended,
            suspended=self._suspended,
        )
        self._suspended = 0.0
        self._cut_at, self._cpu_at_cut = now, cpu
        self._sum.add(snapshot)
        self._outgoing.write(snapshot)

    def _summary(self, reason: EndReason, elapsed: float) -> Summary:
        total = self._sum
        whole = merged(total.groups)
        return Summary(
            url=self._config.url,
            method=self._config.method.upper(),
            address=self._target.text,
            arrivals=self._config.arrivals,
            reason=reason,
            started_at=self._started_at,
            elapsed=elapsed,
            target_rate=self._wanted_rate,
            totals=total.totals,
            phases=total.phases,
            groups=total.groups,
            failures=tuple(total.failures),
            failures_omitted=total.failures_omitted,
            lag=total.lag,
            cpu_seconds=time.process_time() - self._cpu_at_start,
            snapshots=total.snapshots,
            latency=Times.of(whole.latency),
            service=Times.of(whole.service),
            send_lag=Times.of(total.lag),
            suspended=total.suspended,
        )
