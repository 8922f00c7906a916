"""What is reported when something goes wrong, here and by other clients."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

from bench.load_others import spend
from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig, Summary
from console.model.load_totals import merged
from tests.load.fault_server import Fault, FaultServer
from tests.load.nginx import REFERENCE, Nginx

REQUESTS = 4_000
EVERY = 180
RELOADS = 15
FAULTS = {
    Fault.RESET: "reset before the answer",
    Fault.CLOSE: "closed before the answer",
    Fault.TRUNCATED_BODY: "body cut short",
    Fault.RESET_BODY: "reset within the body",
    Fault.STATUS_500: "500",
    Fault.STATUS_503: "503",
    Fault.MALFORMED: "malformed head",
    Fault.TWICE: "two answers for one request",
}


def run() -> None:
    _stall()
    _reloads()
    _faults()


async def _loaded(config: LoadConfig, meanwhile: object = None) -> Summary:
    load = LoadSupervisor(config)
    try:
        await load.start()
        if callable(meanwhile):
            await asyncio.to_thread(meanwhile)
        summary = await load.wait()
    finally:
        await load.close()
    assert summary is not None, load.problem
    return summary


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
    print("  a proxy that stalls for 0.5 s in 2 s at 1,000/s: reported over theory (limit 0.9 to 1.1)")
    for share in (0.95, 0.99):
        theory = stall - (1 - share) * seconds
        reported = latency.quantile(share) or 0.0
        print(
            f"    p{share * 100:.0f}  {reported * 1000:6.1f} ms over {theory * 1000:6.1f} ms: {reported / theory:.3f}"
        )


def _reloads() -> None:
    print(f"  {RELOADS} reloads of nginx in 9 s at 1,000/s over 40 kept-alive connections and 10 % fresh ones")
    for name, http in (("default", ""), ("reference (keepalive_min_timeout)", REFERENCE)):
        with tempfile.TemporaryDirectory() as folder, Nginx(Path(folder), http=http) as server:

            def reload(nginx: Nginx = server) -> None:
                for _ in range(RELOADS):
                    time.sleep(0.5)
                    nginx.reload()

            config = LoadConfig(url=server.url, rate=1000.0, duration=9.0, connections=40)
            summary = asyncio.run(_loaded(config, reload))
            server.stop()
            logged = server.statuses().total()
        totals = summary.totals
        print(
            f"    {name:<36} {totals.dropped:4} dropped ({totals.dropped_for_browsers} for a browser), "
            f"{totals.stale} recycled; {totals.responses:,} answers read, {logged:,} in its access log"
        )


def _faults() -> None:
    print(f"  faults reported of those injected into {REQUESTS:,} requests, 10 connections, GET")
    clients = {"rollout load": _ours, "wrk": _wrk, "hey": _hey, "autocannon": _autocannon}
    known = {name: ask for name, ask in clients.items() if name == "rollout load" or shutil.which(name)}
    print("    " + "".ljust(30) + "".join(name.rjust(16) for name in known))
    for fault, label in FAULTS.items():
        cells = []
        for ask in known.values():
            with FaultServer(lambda number, kind=fault: kind if number % EVERY == 0 else None) as server:  # type: ignore[misc]
                reported = ask(server.url)
                injected = server.books.injected[fault]
            cells.append(f"{'-' if reported is None else reported} of {injected}")
        print("    " + label.ljust(30) + "".join(cell.rjust(16) for cell in cells), flush=True)


def _ours(url: str) -> int | None:
    config = LoadConfig(url=url, rate=2000.0, duration=REQUESTS / 2000, connections=10, timeout=2.0, fresh_share=0.0)
    summary = asyncio.run(_loaded(config))
    return sum(merged(summary.groups).attempts.values())


def _wrk(url: str) -> int | None:
    _, text = spend(["wrk", "-t1", "-c10", "-d2", url])
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    status = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return sum(int(number) for number in (errors.groups() if errors else ())) + (int(status[1]) if status else 0)


def _hey(url: str) -> int | None:
    _, text = spend(["hey", "-n", str(REQUESTS), "-c", "10", url])
    tail = text.partition("Status code distribution")[2]
    return sum(int(count) for label, count in re.findall(r"\[(\d+)\]\s+(\d+) responses", tail) if label != "200") + sum(
        int(count) for count in re.findall(r"^\s+\[(\d+)\]\s+[A-Z]", tail, re.MULTILINE)
    )


def _autocannon(url: str) -> int | None:
    _, text = spend(["autocannon", "-a", str(REQUESTS), "-c", "10", "--json", "-n", url])
    try:
        found = json.loads(text[text.index("{") :].splitlines()[0])
    except ValueError:
        return None
    return int(found["errors"]) + int(found["timeouts"]) + int(found["non2xx"]) + int(found.get("mismatches", 0))
