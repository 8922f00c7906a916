"""Synthetic load beside a rollout: started before it, stamped with its phases, summed up in its receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from console.model.errors import RuntimeFailedError, UsageError
from console.model.events import LoadMeasured, LoadStarted, PhaseChanged, Record
from console.model.load import Failure, Group, LoadConfig, Summary
from console.model.load_totals import merged
from console.model.phase import Phase
from console.model.receipt_load import LoadFailure, LoadLine, ReceiptLoad
from console.model.spec import Spec
from console.ports.load import LoadRun

AFTERGLOW = 0.5
"""Seconds that the load goes on after the last step, so that what it did is seen."""

_LONGEST_ANSWER = 10.0
_LOOK = 0.5
_STALLED_LOOKS = 6
"""Looks at a generator that is in trouble (3 s) until its summary is no longer waited for."""
_SPARE = 20.0
"""Seconds to end a generator beyond what the requests in flight may take."""


def answer_timeout(spec: Spec) -> float:
    """Seconds that a request of the load may take: half the watch, so that a release that hangs is known within it."""
    return max(spec.smoke.timeout, min(_LONGEST_ANSWER, spec.watch.window / 2))


class RolloutLoad:
    """One generator for one rollout."""

    def __init__(self, run: LoadRun, config: LoadConfig) -> None:
        self.run = run
        self._config = config
        self._stamps: set[asyncio.Task[None]] = set()

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
        """End the generator: its summary, or None and what was wrong with it before we ended it."""
        stopping = asyncio.ensure_future(self.run.stop())
        problem, looks = "", 0
        end = asyncio.get_running_loop().time() + self._longest_wait
        try:
            while not (await asyncio.wait({stopping}, timeout=_LOOK))[0]:
                found = self.run.counts().problem
                problem, looks = problem or found, looks + 1 if found else 0
                if looks >= _STALLED_LOOKS or asyncio.get_running_loop().time() >= end:
                    return None, problem or "the load generator did not end in time"
            return stopping.result(), problem
        finally:
            stopping.cancel()
            await self.run.close()


def measured(run: LoadRun, config: LoadConfig, summary: Summary | None, found: str = "") -> ReceiptLoad:
    """The receipt's part, from the generator's own summary or, when it died, from what it had reported."""
    totals = summary.totals if summary else run.sum.totals
    groups = summary.groups if summary else run.sum.groups
    failures = summary.failures if summary else tuple(run.sum.failures)
    lag = summary.lag if summary else run.sum.lag
    problems = [] if summary else [found or run.counts().problem or "the load generator gave no summary"]
    if totals.not_sent:
        problems.append(f"{totals.not_sent} requests could not be sent by the generator itself")
    return ReceiptLoad(
        url=config.url,
        rate=config.rate,
        valid=summary is not None and summary.valid,
        problem="; ".join(problems),
        due=totals.due,
        not_sent=totals.not_sent,
        ok=totals.ok,
        unexpected=totals.unexpected,
        dropped=totals.dropped,
        recovered=totals.recovered,
        stale=totals.stale,
        stray=totals.stray,
        slow=totals.slow,
        by_phase=_lines(groups, [group.phase for group in groups], by="phase"),
        by_release=_lines(groups, [_release(group) for group in groups], by="release"),
        failures=tuple(_failure(failure) for failure in failures),
        failures_omitted=summary.failures_omitted if summary else run.sum.failures_omitted,
        lag_p99=lag.quantile(0.99),
    )


def _lines(groups: tuple[Group, ...], names: Iterable[str], *, by: str) -> tuple[LoadLine, ...]:
    own = {"phase": lambda group: group.phase, "release": _release}[by]
    return tuple(_line(name, merged(group for group in groups if own(group) == name)) for name in dict.fromkeys(names))


def _line(name: str, group: Group) -> LoadLine:
    p50, p90, p99 = group.latency.quantiles((0.5, 0.9, 0.99))
    return LoadLine(
        name=name or Phase.PLANNED.value,
        done=group.ok + group.unexpected + group.dropped,
        ok=group.ok,
        unexpected=group.unexpected,
        dropped=group.dropped,
        recovered=group.recovered,
        slow=group.slow,
        p50=p50,
        p90=p90,
        p99=p99,
        highest=group.latency.maximum,
    )


def _release(group: Group) -> str:
    return f"{group.color} {group.release}".strip()


def _failure(failure: Failure) -> LoadFailure:
    return LoadFailure(
        at=failure.at,
        phase=failure.phase or Phase.PLANNED.value,
        kind=failure.attempt.kind.value,
        stage=failure.attempt.stage.value,
        status=failure.status,
        age=failure.age,
        connection="reused" if failure.attempt.reused else "fresh",
        release=failure.release,
        retry=failure.retry.value,
        detail=failure.detail,
    )
