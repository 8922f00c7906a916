"""What the load generator counts, against what the server counted and what theory says."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.figures import judge
from console.adapters.load import LoadSupervisor
from console.model.load import PROXY, LoadConfig, Summary
from console.model.load_totals import merged
from tests.load.fault_server import OK, FaultServer
from tests.load.nginx import REFERENCE, Nginx

REQUESTS = int(os.environ.get("ROLLOUT_BENCH_REQUESTS", "200000"))
RATE = 8_000.0
FRESH_RATE = 4_000.0
RELOADS = 20
MODES: Mapping[str, Mapping[str, object]] = {
    "GET, kept alive": {"fresh_share": 0.0},
    "GET, fresh": {"fresh_share": 1.0, "rate": FRESH_RATE},
    "GET, half fresh": {"fresh_share": 0.5, "rate": FRESH_RATE},
    "HEAD, kept alive": {"fresh_share": 0.0, "method": "HEAD"},
    "POST, kept alive": {"fresh_share": 0.0, "method": "POST", "body": b"x" * 100},
    "GET chunked, kept alive": {"fresh_share": 0.0, "path": "chunked"},
    "GET chunked, half fresh": {"fresh_share": 0.5, "rate": FRESH_RATE, "path": "chunked"},
}


def run(rounds: int) -> None:
    del rounds
    _counts()
    _stall()
    _reloads()
    _undrained()


async def _loaded(config: LoadConfig, meanwhile: Callable[[], None] | None = None) -> Summary:
    load = LoadSupervisor(config)
    try:
        await load.start()
        if meanwhile is not None:
            await asyncio.to_thread(meanwhile)
        summary = await load.wait()
    finally:
        await load.close()
    assert summary is not None, load.problem
    return summary


def _counts() -> None:
    print(f"  {REQUESTS:,} requests in each mode: answers read here, and in the access log of nginx")
    for name, mode in MODES.items():
        settings: dict[str, object] = {"rate": RATE, **mode}
        path, rate = settings.pop("path", ""), float(str(settings["rate"]))
        with tempfile.TemporaryDirectory() as folder, Nginx(Path(folder), http=REFERENCE) as server:
            config = LoadConfig(url=f"{server.url}{path}", duration=REQUESTS / rate, **settings)  # type: ignore[arg-type]
            totals = asyncio.run(_loaded(config)).totals
            server.stop()
            logged = server.statuses().total()
        verdict = "equal" if totals.responses == logged else "FALLS SHORT"
        print(
            f"    {name:<26} {totals.responses:>9,} {logged:>9,}   {verdict}; "
            f"{totals.dropped} dropped, {totals.not_sent} not sent",
            flush=True,
        )


def _stall() -> None:
    rate, seconds, stall = 1000.0, 2.0, 0.0

    with tempfile.TemporaryDirectory() as folder, Nginx(Path(folder), http=REFERENCE) as server:

        def halt() -> None:
            nonlocal stall
            time.sleep(0.5)
            (worker,) = server.workers()
            began = time.monotonic()
            os.kill(worker, signal.SIGSTOP)
            time.sleep(0.5)
            os.kill(worker, signal.SIGCONT)
            stall = time.monotonic() - began

        summary = asyncio.run(_loaded(LoadConfig(url=server.url, rate=rate, duration=seconds), halt))
    latency = merged(summary.groups).latency
    print("  a proxy that stalls for 0.5 s in 2 s at 1,000/s: what is reported, and theory")
    for share in (0.95, 0.99):
        theory = stall - (1 - share) * seconds
        reported = latency.quantile(share) or 0.0
        label = f"p{share * 100:.0f}: {reported * 1000:.1f} ms, theory {theory * 1000:.1f} ms, off by"
        judge(label, abs(reported / theory - 1) * 100, 10.0, "%")


def _reloads() -> None:
    seconds = RELOADS * 0.5 + 2
    print(f"  {RELOADS} reloads of nginx at 1,000/s over 40 kept-alive connections and 10 % fresh ones")
    for name, http in (("by default", ""), ("keepalive_min_timeout", REFERENCE)):
        with tempfile.TemporaryDirectory() as folder, Nginx(Path(folder), http=http) as server:

            def reload(nginx: Nginx = server) -> None:
                for _ in range(RELOADS):
                    time.sleep(0.4)
                    nginx.reload()

            config = LoadConfig(url=server.url, rate=1000.0, duration=seconds, connections=40)
            summary = asyncio.run(_loaded(config, reload))
            server.stop()
            logged = dict(server.statuses())
        totals = summary.totals
        verdict = "equal" if logged == dict(merged(summary.groups).statuses) else "FALLS SHORT"
        print(
            f"    {name:<22} {totals.dropped:4} dropped ({totals.dropped_for_browsers} for a browser), "
            f"{totals.stale} recycled; {totals.responses:,} answers, {sum(logged.values()):,} in its log: {verdict}",
            flush=True,
        )


def _undrained() -> None:
    """The old color is stopped before the proxy knows of it."""
    upstream = "proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Connection '';"
    with (
        tempfile.TemporaryDirectory() as folder,
        FaultServer() as blue,
        FaultServer(answer=OK.replace(b"v1", b"v2")) as green,
        Nginx(Path(folder), http=REFERENCE, location=upstream.format(port=blue.port)) as proxy,
    ):

        def cut_over() -> None:
            time.sleep(1.0)
            blue.kill()
            proxy.configure(location=upstream.format(port=green.port))
            proxy.reload()

        summary = asyncio.run(_loaded(LoadConfig(url=proxy.url, rate=1000.0, duration=2.5), cut_over))
    made_by_proxy = merged(group for group in summary.groups if group.release == PROXY)
    print(
        f"  a cutover that stops the old color without a drain, at 1,000/s: {summary.totals.dropped} dropped, "
        f"of which {made_by_proxy.statuses.get(502, 0)} are answers 502 put down to the proxy"
    )
