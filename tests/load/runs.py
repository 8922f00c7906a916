"""Runs of the real generator, as a child process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from console.adapters.load import LoadSupervisor
from console.model.load import Attempt, LoadConfig, NotSent, Summary
from console.model.load_totals import merged


async def until(condition: Callable[[], bool], *, within: float = 40.0) -> None:
    """Wait until something that nobody announces is true. Raises `TimeoutError`."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


async def run(url: str, **settings: object) -> Summary:
    """A whole run; its books are checked before they are handed out."""
    config = LoadConfig(**{"url": url, "rate": 500.0, "duration": 1.0, **settings})  # type: ignore[arg-type]
    load = LoadSupervisor(config)
    try:
        await load.start()
        summary = await load.wait()
    finally:
        await load.close()
    assert summary is not None, load.problem
    check_books(summary)
    assert load.sum.totals == summary.totals
    assert load.sum.groups == summary.groups
    assert load.sum.phases == summary.phases
    return summary


@asynccontextmanager
async def under_way(
    url: str, *, due: int = 10, rate: float = 100.0, **settings: object
) -> AsyncIterator[tuple[LoadSupervisor, int]]:
    """A run that goes on, and its generator's process id, once so many requests were due."""
    async with LoadSupervisor(LoadConfig(**{"url": url, "rate": rate, **settings})) as load:  # type: ignore[arg-type]
        await until(lambda: load.counts().due >= due)
        assert load.pid is not None
        yield load, load.pid


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def check_books(summary: Summary) -> None:
    """Every due request is in exactly one outcome, however one adds them up."""
    totals, whole = summary.totals, merged(summary.groups)
    assert totals.in_flight == 0
    assert totals.due == totals.not_sent + totals.ok + totals.unexpected + totals.dropped
    assert totals.due == sum(phase.due for phase in summary.phases)
    assert totals.not_sent == sum(sum(phase.not_sent.values()) for phase in summary.phases)
    assert (totals.ok, totals.unexpected, totals.dropped) == (whole.ok, whole.unexpected, whole.dropped)
    assert totals.recovered == whole.recovered <= totals.dropped
    assert totals.responses == sum(whole.statuses.values())
    assert whole.latency.total == whole.service.total == totals.ok + totals.unexpected
    assert summary.lag.total == totals.due - never_begun(summary)
    first = sum(count for attempt, count in whole.attempts if not attempt.retry and attempt.stage != "idle")
    assert first == totals.dropped
    assert len(summary.failures) + summary.failures_omitted == totals.dropped + totals.stray


def never_begun(summary: Summary) -> int:
    """Requests that were given up without looking for a descriptor or a port."""
    early = {NotSent.LAG, NotSent.CAP}
    return sum(count for phase in summary.phases for reason, count in phase.not_sent.items() if reason in early)


def attempts(summary: Summary) -> dict[Attempt, int]:
    """Failed attempts by class, over all phases and releases."""
    return dict(merged(summary.groups).attempts)


def kinds(summary: Summary) -> dict[str, int]:
    """Failed attempts by kind and stage."""
    found: dict[str, int] = {}
    for attempt, count in attempts(summary).items():
        key = f"{attempt.kind.value} at {attempt.stage.value}"
        found[key] = found.get(key, 0) + count
    return found
