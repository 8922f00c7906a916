"""Synthetic load beside a rollout: started before it, stamped with its phases, summed up in its receipt."""

from __future__ import annotations

import asyncio

from console.engine.evidence import measured
from console.model.errors import RuntimeFailedError, UsageError
from console.model.events import LoadMeasured, LoadStarted, PhaseChanged, Record
from console.model.load import LoadConfig, Summary
from console.model.receipt_load import ReceiptLoad
from console.ports.load import LoadRun

AFTERGLOW = 0.5
"""Seconds that the load goes on after the last step, so that what it did is seen."""

_LOOK = 0.5
_STALLED_LOOKS = 6
"""Looks at a generator that is in trouble (3 s) until its summary is no longer waited for."""
_SPARE = 20.0
"""Seconds to end a generator beyond what the requests in flight may take."""


class RolloutLoad:
    """One generator for one rollout."""

    def __init__(self, run: LoadRun, config: LoadConfig) -> None:
        self.run = run
        self._config = config
        self._stamps: set[asyncio.Task[int | None]] = set()

    async def start(self) -> LoadStarted:
        """Begin to send.

        Raises:
            RuntimeFailedError: it did not start, so nothing was begun.
        """
        try:
            started = await self.run.start()
        except UsageError as error:
            raise RuntimeFailedError(error.attempted, error.found, now="nothing was sent") from error
        return LoadStarted(url=started.url, address=started.address, rate=self._config.rate)

    def hear(self, record: Record) -> None:
        """Stamp the requests due from now on with the phase that just began."""
        if isinstance(record.event, PhaseChanged) and not record.event.after.final:
            task = asyncio.ensure_future(self.run.phase(record.event.after.value))
            self._stamps.add(task)
            task.add_done_callback(self._stamps.discard)

    @property
    def patience(self) -> float:
        """Seconds that `stop` takes at most."""
        return AFTERGLOW + self._longest_wait + _SPARE

    @property
    def _longest_wait(self) -> float:
        # An attempt and its retry may each take the whole timeout.
        return 2 * self._config.timeout + _SPARE

    async def stop(self) -> tuple[ReceiptLoad, LoadMeasured]:
        """End it once what is in flight has an answer; what it counted."""
        await asyncio.sleep(AFTERGLOW)
        summary, problem = await self._ended()
        evidence = measured(self.run, self._config, summary, problem)
        return evidence, LoadMeasured(
            due=evidence.due,
            not_sent=evidence.not_sent,
            ok=evidence.ok,
            unexpected=evidence.unexpected,
            dropped=evidence.dropped,
            recovered=evidence.recovered,
            valid=evidence.valid,
            problem=evidence.problem,
        )

    async def _ended(self) -> tuple[Summary | None, str]:
        """End the generator: its summary, unless it gave none, and what was wrong with it before we ended it."""
        # What is still in flight holds the summary back: an end is told of before it.
        ended = self.run.counts().ended
        early = f"the load ended before the rollout did: {ended}" if ended else ""
        stopping = asyncio.ensure_future(self.run.stop())
        problem, looks = "", 0
        end = asyncio.get_running_loop().time() + self._longest_wait
        try:
            while not (await asyncio.wait({stopping}, timeout=_LOOK))[0]:
                found = self.run.counts().problem
                problem, looks = problem or found, looks + 1 if found else 0
                if looks >= _STALLED_LOOKS or asyncio.get_running_loop().time() >= end:
                    return None, early or problem or "the load generator did not end in time"
            summary = stopping.result()
            return summary, early or ("" if summary else problem)
        finally:
            stopping.cancel()
            await self.run.close()
