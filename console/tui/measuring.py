"""From the load generator's snapshots to what the requests panel shows. It lives on the engine's loop."""

from __future__ import annotations

import asyncio
import time

from console.model.events import CutoverSeen, PhaseChanged, Record, RolloutFinished, StepStarted, UpstreamRestored
from console.model.phase import Phase
from console.observe.requests import RequestSeries, RequestsView
from console.ports.load import LoadRun
from console.tui.names import step_name

CALM = 0.9
"""Seconds that figures stay as they are at rest: they are samples, and a slow link has better things to carry."""
SHOWN = 200
"""Buckets at most: the widest strip."""
_MARKS = {  # a cutover is one once it is seen
    Phase.CUTTING_OVER: "apply",
    Phase.DRAINING: "drain",
    Phase.ROLLING_BACK: "rollback",
    Phase.RESTORING: "restore",
}


class Measuring:
    """Adds up what one generator tells."""

    def __init__(self) -> None:
        self._series = RequestSeries(kept=SHOWN)
        self._run: LoadRun | None = None
        self._reader: asyncio.Task[None] | None = None
        self._shown: RequestsView | None = None
        self._shown_at = 0.0
        self._phase = Phase.PLANNED

    def follow(self, run: LoadRun | None) -> None:
        """Read this generator from now on, if it isn't already; None goes on showing what there was."""
        if run is None or run is self._run:
            return
        self._run = run
        self._reader = asyncio.ensure_future(self._read(run))

    def hear(self, record: Record) -> None:
        """Mark the moments of a rollout that a strip is read against."""
        match record.event:
            case PhaseChanged(after=after):
                self._phase = after
                if after in _MARKS:
                    self._series.mark(_MARKS[after], at=time.time())
            case StepStarted(step=step):
                self._series.mark(f"{step_name(step)} begins", at=time.time())
            case CutoverSeen(color=color):
                moved = self._phase is Phase.CUTTING_OVER
                self._series.mark("cutover" if moved else f"{color.value} serves", at=time.time())
            case UpstreamRestored():
                self._series.mark("restored", at=time.time())
            case RolloutFinished():
                self._series.mark("end", at=time.time())
            case _:
                pass

    @property
    def view(self) -> RequestsView | None:
        """What is known now; None before the first generator."""
        run = self._run
        if run is None:
            return None
        sending = run.summary is None
        problem = run.counts().problem if sending else ""
        return self._series.view(now=time.time() if sending else None, problem=problem)

    def shown(self, *, calm: bool) -> RequestsView | None:
        """What a screen shows of it: at rest the figures of the last second, unless something was dropped since."""
        found, old = self.view, self._shown
        if found is None or found.totals is None or old is None or old.totals is None:
            self._shown = found
            return found
        sending = self._run is not None and self._run.summary is None
        news = (found.totals.dropped, found.problem) != (old.totals.dropped, old.problem)
        now = time.monotonic()
        if news or not calm or not sending or now - self._shown_at >= CALM:
            self._shown, self._shown_at = found, now
        return self._shown

    async def close(self) -> None:
        """Read no more."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader}, timeout=1.0)

    async def _read(self, run: LoadRun) -> None:
        async for snapshot in run.snapshots():
            self._series.add(snapshot)
