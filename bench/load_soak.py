"""The load generator's memory over a long run. It takes ten minutes, so it runs only when it is asked for by name."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import psutil

from bench.figures import judge
from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig, Summary
from tests.load.nginx import REFERENCE, Nginx

SECONDS = float(os.environ.get("ROLLOUT_BENCH_SOAK", "600"))


def run(rounds: int) -> None:
    del rounds
    with tempfile.TemporaryDirectory() as folder, Nginx(Path(folder), http=f"{REFERENCE} access_log off;") as server:
        _soak(server.url, SECONDS)


def _soak(url: str, seconds: float) -> None:
    """Resident memory after the first minute, and the most that it was afterwards."""

    async def soak() -> tuple[int, int, Summary | None]:
        async with LoadSupervisor(LoadConfig(url=url, rate=2000.0, duration=seconds)) as load:
            assert load.pid is not None
            process = psutil.Process(load.pid)
            await asyncio.sleep(min(60.0, seconds / 2))
            first = most = process.memory_info().rss
            while load.counts().alive:
                await asyncio.sleep(1.0)
                try:
                    most = max(most, process.memory_info().rss)
                except psutil.Error:
                    break
            return first, most, await load.wait()

    first, most, summary = asyncio.run(soak())
    assert summary is not None
    totals = summary.totals
    print(
        f"  {seconds:g} s at 2,000/s: {totals.dropped} dropped, {totals.not_sent} not sent of {totals.due:,}; "
        f"{first / 2**20:.1f} MiB after the first minute"
    )
    judge("memory gained after the first minute", (most - first) / 2**20, 2.0, "MiB")
