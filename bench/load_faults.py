"""The same faults as this load generator and others report them, as the table of the README."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.load_others import spend
from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig
from console.model.load_totals import merged
from tests.load.fault_server import Fault, FaultServer

REQUESTS = 4_000
EVERY = 180
"""So often a request meets the fault."""
TIMEOUT = 1
"""Seconds that each client waits for an answer."""
FAULTS = {
    Fault.RESET: "reset before the answer",
    Fault.CLOSE: "closed before the answer",
    Fault.TRUNCATED_BODY: "body cut short",
    Fault.RESET_BODY: "reset within the body",
    Fault.STATUS_500: "500",
    Fault.STATUS_503: "503",
    Fault.NEVER: "never answered",
    Fault.TRICKLE: "answered a byte at a time",
    Fault.MALFORMED: "malformed head",
    Fault.TWICE: "two answers in one write",
}

Client = Callable[[str], int | None]
"""Runs against a URL; how many failures it reports, None when it gives no account."""


def run(rounds: int) -> None:
    del rounds
    known = {name: client for name, client in CLIENTS.items() if name == "rollout load" or shutil.which(name)}
    print(
        f"reported of those injected, one in {EVERY} requests of {REQUESTS:,} or more over 10 kept-alive connections\n"
    )
    print("| fault | " + " | ".join(known) + " |")
    print("|---|" + "---|" * len(known))
    for fault, label in FAULTS.items():
        cells = []
        for client in known.values():
            with FaultServer(lambda number, kind=fault: kind if number % EVERY == 0 else None) as server:  # type: ignore[misc]
                reported = client(server.url)
                injected = server.books.injected[fault]
            cells.append(f"{'no account' if reported is None else reported} of {injected}")
        print(f"| {label} | " + " | ".join(cells) + " |", flush=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    cells = [_of_all(client(f"http://127.0.0.1:{port}/")) for client in known.values()]
    print("| refused: nobody listens | " + " | ".join(cells) + " |")
    if missing := [name for name in CLIENTS if name not in known]:
        print(f"\nnot installed, so not compared: {', '.join(missing)}")


def _of_all(reported: int | None) -> str:
    return "no account" if not reported else f"{reported} of {REQUESTS}"


def _ours(url: str) -> int | None:
    async def measure() -> int | None:
        config = LoadConfig(
            url=url, rate=2000.0, duration=REQUESTS / 2000, connections=10, timeout=TIMEOUT, fresh_share=0.0
        )
        load = LoadSupervisor(config)
        try:
            await load.start()
            summary = await load.wait()
        finally:
            await load.close()
        return sum(count for _, count in merged(summary.groups).attempts) if summary else None

    return asyncio.run(measure())


def _wrk(url: str) -> int | None:
    _, text = spend(["wrk", "-t1", "-c10", "-d4", "--timeout", f"{TIMEOUT}s", url])
    if "requests in" not in text:
        return None
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    status = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return sum(int(number) for number in (errors.groups() if errors else ())) + (int(status[1]) if status else 0)


def _hey(url: str) -> int | None:
    _, text = spend(["hey", "-n", str(REQUESTS), "-c", "10", "-t", str(TIMEOUT), url])
    statuses = re.findall(r"\[(\d+)\]\s+(\d+) responses", text)
    errors = re.findall(r"^\s+\[(\d+)\]\s+[A-Z]", text, re.MULTILINE)
    return sum(int(count) for status, count in statuses if status != "200") + sum(map(int, errors))


def _autocannon(url: str) -> int | None:
    _, text = spend(["autocannon", "-a", str(REQUESTS), "-c", "10", "-t", str(TIMEOUT), "--json", "-n", url])
    try:
        found = json.loads(text[text.index("{") :].splitlines()[0])
    except ValueError:
        return None
    return sum(int(found.get(name, 0)) for name in ("errors", "non2xx", "mismatches"))


_K6 = """
import http from "k6/http";
export const options = { vus: 10, iterations: %d, noVUConnectionReuse: false };
export default function () { http.get("%s", { timeout: "%ds" }); }
"""


def _k6(url: str) -> int | None:
    with tempfile.TemporaryDirectory() as folder:
        script, summary = Path(folder) / "script.js", Path(folder) / "summary.json"
        script.write_text(_K6 % (REQUESTS, url, TIMEOUT))
        spend(["k6", "run", "--quiet", "--summary-export", str(summary), str(script)])
        try:
            return int(json.loads(summary.read_text())["metrics"]["http_req_failed"]["passes"])
        except (OSError, ValueError, KeyError):
            return None


CLIENTS: dict[str, Client] = {
    "rollout load": _ours,
    "wrk": _wrk,
    "hey": _hey,
    "k6": _k6,
    "autocannon": _autocannon,
}
