"""What a request costs, here and with other clients, and how steadily it is sent."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench import load_others
from bench.figures import judge, ratio
from bench.load_floor import bare_loop
from bench.load_others import CONNECTIONS
from bench.load_raw import raw_client
from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig, Summary
from tests.load.nginx import REFERENCE, Nginx
from tests.tui.pseudo_terminal import PseudoTerminal

SECONDS = 3.0
STEADY_SECONDS = 10.0
"""A steady rate is what is left when the connections are made."""
RAW = {1000.0: 7.0, 5000.0: 20.0}
"""Percent of a core that `raw_client` took where the limits were drawn, by requests a second."""
SATURATED = 90_000.0
"""More a second than 50 connections carry: each is always busy, as with the clients that wait for answers. What finds
no free connection is not sent."""


def run(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        quiet = f"{REFERENCE} access_log off;"
        with Nginx(Path(folder), http=quiet) as server:
            _cost(server.url, min(rounds, 5))
            _steady(server.url, min(rounds, 3))


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
        judge("over wrk", statistics.median(each), 1.8, "x")


def _steady(url: str, rounds: int) -> None:
    for rate, limit in ((1000.0, 9.0), (5000.0, 25.0)):
        kept, mixed, bare, raw = [], [], [], []
        for _ in range(rounds):
            bare.append(bare_loop(url, rate, SECONDS) * 100)
            raw.append(raw_client(url, rate, STEADY_SECONDS) * 100)
            kept.append(_measure(LoadConfig(url=url, rate=rate, duration=STEADY_SECONDS, fresh_share=0.0)))
            mixed.append(_measure(LoadConfig(url=url, rate=rate, duration=STEADY_SECONDS)))
        shares = [_share(run) for run in kept]
        judge(f"core used at {rate:,.0f}/s, kept-alive connections", statistics.median(shares), limit, "%")
        against = f"the same over a raw asyncio client ({statistics.median(raw):.2f} %)"
        ratio(against, shares, raw, limit=round(limit / RAW[rate], 2))
        each = [share / floor for share, floor in zip(shares, bare, strict=True)]
        print(
            f"    a bare loop of send and receive {statistics.median(bare):.2f} %, that is "
            f"{statistics.median(each):.2f} x ({min(each):.2f} to {max(each):.2f}); "
            f"with {LoadConfig(url=url, rate=rate).fresh_share:.0%} fresh connections "
            f"{statistics.median(map(_share, mixed)):.2f} %",
            flush=True,
        )
        lag = statistics.median((run.lag.quantile(0.99) or 0.0) * 1000 for run in mixed)
        if rate == 1000:
            judge("send lag p99 at 1,000/s", lag, 1.0, "ms")
        else:
            print(f"  {f'send lag p99 at {rate:,.0f}/s':<58} {lag:8.2f} ms")
    with tempfile.TemporaryDirectory() as folder, PseudoTerminal(Path(folder)) as console:
        console.shows("serves")
        time.sleep(3.0)
        runs = [_measure(LoadConfig(url=url, rate=1000.0, duration=SECONDS)) for _ in range(rounds)]
    lags = [(r.lag.quantile(0.99) or 0.0) * 1000 for r in runs]
    judge("send lag p99 at 1,000/s beside a console that draws", statistics.median(lags), 2.0, "ms")
    judge("core used by the reader of 10 snapshots a second", _reader(url) * 100, 0.5, "%")


def _share(run: Summary) -> float:
    """The share of a core that the generator took. Percent."""
    return run.cpu_seconds / run.elapsed * 100


def _reader(url: str) -> float:
    """The share of a core that taking in the snapshots costs this process."""

    async def read() -> float:
        async with LoadSupervisor(LoadConfig(url=url, rate=2000.0)):
            await asyncio.sleep(0.5)
            cpu, began = time.process_time(), time.monotonic()
            await asyncio.sleep(SECONDS)
            return (time.process_time() - cpu) / (time.monotonic() - began)

    return asyncio.run(read())
