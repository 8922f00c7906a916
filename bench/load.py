"""What a request costs, here and with other clients, and how steadily it is sent."""

from __future__ import annotations

import asyncio
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import load_others, load_truth
from bench.load_others import CONNECTIONS
from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig, Summary
from tests.load.nginx import REFERENCE, Nginx

SECONDS = 3.0
SATURATED = 90_000.0
"""More a second than 50 connections carry: each is always busy, as with the clients that wait for answers. What finds
no free connection is not sent."""
SOAK = float(os.environ.get("ROLLOUT_BENCH_SOAK", "0"))
"""Seconds of the memory run, which is left out without it."""

_SCREEN = """
import time
from rich.console import Console
from rich.live import Live
from rich.table import Table
def table(turn):
    made = Table(*(f"column {n}" for n in range(6)))
    for row in range(18):
        made.add_row(*(f"{turn * row * n % 9973}" for n in range(6)))
    return made
with Live(table(0), console=Console(force_terminal=True), auto_refresh=False) as live:
    for turn in range(10_000):
        live.update(table(turn), refresh=True)
        time.sleep(0.25)
"""


def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        quiet = f"{REFERENCE} access_log off;"
        with Nginx(Path(folder), http=quiet) as server:
            _cost(server.url, min(rounds, 5))
            _steady(server.url, min(rounds, 3))
            if SOAK:
                _soak(server.url)
            else:
                print("  memory over 10 minutes: left out; set ROLLOUT_BENCH_SOAK=600")
    load_truth.run()


def _measure(config: LoadConfig) -> Summary:
    async def measure() -> Summary:
        load = LoadSupervisor(config)
        try:
            await load.start()
            summary = await load.wait()
        finally:
            await load.close()
        assert summary is not None, load.problem
        return summary

    return asyncio.run(measure())


def _cost(url: str, rounds: int) -> None:
    print(f"  CPU seconds per 10,000 requests, {CONNECTIONS} kept-alive connections, each always busy")
    config = LoadConfig(
        url=url,
        rate=SATURATED,
        duration=SECONDS,
        fresh_share=0.0,
        connections=CONNECTIONS,
        max_connections=CONNECTIONS,
    )
    results: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, client in load_others.CLIENTS.items():
            figure = client(url)
            if figure is not None:
                results.setdefault(name, []).append(figure)
        summary = _measure(config)
        results.setdefault("rollout load", []).append(summary.cpu_seconds / summary.totals.done * 10_000)
    missing = [name for name in load_others.CLIENTS if name not in results]
    for name, values in sorted(results.items(), key=lambda item: statistics.median(item[1])):
        against = ""
        if "wrk" in results:
            each = [value / floor for value, floor in zip(values, results["wrk"], strict=False)]
            against = f"{statistics.median(each):6.2f} x wrk ({min(each):.2f} to {max(each):.2f})"
        print(f"    {name:<14} {statistics.median(values):8.3f}   {against}", flush=True)
    if missing:
        print(f"    not installed, so not compared: {', '.join(missing)}")
    if "wrk" in results:
        each = [a / b for a, b in zip(results["rollout load"], results["wrk"], strict=False)]
        _judge("over wrk", statistics.median(each), 1.8, "x")


def _steady(url: str, rounds: int) -> None:
    for rate, share in ((1000.0, 9.0), (5000.0, 25.0)):
        runs = [_measure(LoadConfig(url=url, rate=rate, duration=SECONDS)) for _ in range(rounds)]
        _judge(
            f"core used at {rate:,.0f}/s", statistics.median(r.cpu_seconds / r.elapsed * 100 for r in runs), share, "%"
        )
        lags = [(r.lag.quantile(0.99) or 0.0) * 1000 for r in runs]
        if rate == 1000:
            _judge("send lag p99 at 1,000/s", statistics.median(lags), 1.0, "ms")
        else:
            print(f"  {f'send lag p99 at {rate:,.0f}/s':<58} {statistics.median(lags):8.2f} ms")
    with _drawing():
        runs = [_measure(LoadConfig(url=url, rate=1000.0, duration=SECONDS)) for _ in range(rounds)]
    lags = [(r.lag.quantile(0.99) or 0.0) * 1000 for r in runs]
    _judge("send lag p99 at 1,000/s while a screen draws", statistics.median(lags), 2.0, "ms")
    _judge("core used by the reader of 10 snapshots a second", _reader(url) * 100, 0.5, "%")


def _reader(url: str) -> float:
    """The share of a core that taking in the snapshots costs this process."""

    async def read() -> float:
        async with LoadSupervisor(LoadConfig(url=url, rate=2000.0)):
            await asyncio.sleep(0.5)
            cpu, began = time.process_time(), time.monotonic()
            await asyncio.sleep(SECONDS)
            return (time.process_time() - cpu) / (time.monotonic() - began)

    return asyncio.run(read())


@contextmanager
def _drawing() -> Iterator[None]:
    """A screen that redraws 80x24 four times a second, on a terminal that is read."""
    controller, terminal = pty.openpty()
    screen = subprocess.Popen([sys.executable, "-c", _SCREEN], stdout=terminal, stdin=terminal, start_new_session=True)
    os.close(terminal)

    def drain() -> None:
        try:
            while os.read(controller, 65_536):
                pass
        except OSError:
            return

    reader = threading.Thread(target=drain)
    reader.start()
    try:
        yield
    finally:
        screen.kill()
        screen.wait()
        reader.join()
        os.close(controller)


def _soak(url: str) -> None:
    """Resident memory after the first minute, and the most that it was afterwards."""

    async def soak() -> tuple[int, int, Summary | None]:
        async with LoadSupervisor(LoadConfig(url=url, rate=2000.0, duration=SOAK)) as load:
            assert load.pid is not None
            process = psutil.Process(load.pid)
            await asyncio.sleep(min(60.0, SOAK / 2))
            first = most = process.memory_info().rss
            while load.counts().alive:
                await asyncio.sleep(1.0)
                try:
                    most = max(most, process.memory_info().rss)
                except psutil.Error:
                    break
            return first, most, load.summary

    first, most, summary = asyncio.run(soak())
    assert summary is not None
    totals = summary.totals
    print(
        f"  {SOAK:g} s at 2,000/s: {totals.dropped} dropped, {totals.not_sent} not sent of {totals.due:,}; "
        f"{first / 2**20:.1f} MiB after the first minute"
    )
    _judge("memory gained after the first minute", (most - first) / 2**20, 2.0, "MiB")


def _judge(label: str, value: float, limit: float, unit: str) -> None:
    verdict = "holds" if value <= limit else "FALLS SHORT"
    print(f"  {label:<58} {value:8.2f} {unit}   limit {limit:g}: {verdict}", flush=True)
