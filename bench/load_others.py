"""Other load generators, as far as they are installed, each with 50 connections that are always busy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

CONNECTIONS = 50
SECONDS = 3
PYTHON = os.environ.get("ROLLOUT_BENCH_PYTHON", sys.executable)
"""A Python that has pycurl, aiohttp, httpx and locust, as far as they are to be compared."""

_LOCUST = """
from locust import FastHttpUser, constant, task
class User(FastHttpUser):
    wait_time = constant(0)
    @task
    def get(self):
        self.client.get("/")
"""
_K6 = """
import http from "k6/http";
export const options = { vus: %d, duration: "%ds" };
export default function () { http.get("%s"); }
"""


def spend(argv: Sequence[str]) -> tuple[float, str]:
    """CPU seconds of a command and all its children, and what it printed."""
    before = os.times()
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, done.stdout + done.stderr


def _figure(argv: Sequence[str], count: Callable[[str], int]) -> float | None:
    if shutil.which(argv[0]) is None:
        return None
    used, text = spend(argv)
    try:
        return used / count(text) * 10_000
    except (ValueError, TypeError, KeyError, IndexError, ZeroDivisionError):
        return None


def found(pattern: str, text: str) -> int:
    """The number that a pattern finds. Raises `TypeError` when it finds none."""
    match = re.search(pattern, text)
    return int(match[1]) if match else int(None)  # type: ignore[call-overload]


def wrk(url: str) -> float | None:
    return _figure(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", url], lambda t: found(r"(\d+) requests in", t))


def hey(url: str) -> float | None:
    return _figure(["hey", "-c", str(CONNECTIONS), "-z", f"{SECONDS}s", url], lambda t: found(r"\[200\]\s+(\d+)", t))


def autocannon(url: str) -> float | None:
    def count(text: str) -> int:
        return int(json.loads(text[text.index("{") :].splitlines()[0])["requests"]["total"])

    return _figure(["autocannon", "-c", str(CONNECTIONS), "-d", str(SECONDS), "--json", "-n", url], count)


def k6(url: str) -> float | None:
    with tempfile.NamedTemporaryFile("w", suffix=".js") as script:
        script.write(_K6 % (CONNECTIONS, SECONDS, url))
        script.flush()
        return _figure(["k6", "run", "--quiet", script.name], lambda t: found(r"http_reqs[.: ]+(\d+)", t))


def locust(url: str) -> float | None:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(_LOCUST)
        script.flush()
        words = ["-f", script.name, "--headless", "-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "-t", "6s"]
        argv = [PYTHON, "-m", "locust", *words, "--host", url.rstrip("/")]
        return _figure(argv, _locust_count)


def _locust_count(text: str) -> int:
    """The last total; the table of percentiles after it has its figures in another order."""
    return max(int(number) for number in re.findall(r"Aggregated\s+(\d+)\s+\d+\(", text))


def _library(name: str, requests: int) -> Callable[[str], float | None]:
    def measure(url: str) -> float | None:
        script = str(Path(__file__).with_name("load_clients.py"))
        done = subprocess.run(
            [PYTHON, script, name, url, str(requests)],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        words = done.stdout.split()
        return float(words[0]) / int(words[1]) * 10_000 if done.returncode == 0 and len(words) == 2 else None

    return measure


CLIENTS: dict[str, Callable[[str], float | None]] = {
    "wrk": wrk,
    "hey": hey,
    "autocannon": autocannon,
    "k6": k6,
    "pycurl": _library("pycurl", 40_000),
    "aiohttp": _library("aiohttp", 10_000),
    "httpx": _library("httpx", 1_000),
    "locust": locust,
}
