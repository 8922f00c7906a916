"""Background traffic for end-to-end tests: starts the judge, follows its counts, hands back its report.

    with Traffic("http://127.0.0.1:8080", rate=500) as traffic:
        traffic.wait_for(200)
        ...  # deploy
    traffic.report.assert_clean()

In a coroutine use `async with`; waiting then happens in a thread.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.support.judge import Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How often, and from when to when (seconds from the start), a release answered."""

    count: int
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the judge saw; `due == ok + dropped + not_sent`, always."""

    due: int
    ok: int
    dropped: int
    not_sent: int
    recycled: int
    worst_lag: float
    sent: dict[str, int]
    releases: dict[str, Seen]
    drops: tuple[dict[str, object], ...]

    def assert_clean(self, *, at_least: int = 1) -> None:
        """Fail, with every listed loss, unless at least so many requests were due and each got its answer."""
        listed = "\n".join(f"  {drop}" for drop in self.drops)
        summary = f"{self.dropped} dropped, {self.not_sent} not sent of {self.due}; seen {self.releases}"
        assert self.due == self.ok + self.dropped + self.not_sent, f"the counts don't add up: {summary}"
        assert self.dropped == 0, f"{summary}\n{listed}"
        assert self.not_sent == 0, f"the client itself could not keep up: {summary}"
        assert self.due >= at_least, f"too little traffic to judge by: {summary}"


class Traffic:
    """A judge in a process of its own. Loopback only."""

    def __init__(self, url: str, **settings: float | str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost"} or parts.port is None:
            raise ValueError(f"load goes to http://127.0.0.1:PORT only, not to {url}")
        if parts.path:
            settings["path"] = parts.path + (f"?{parts.query}" if parts.query else "")
        self._settings = Settings(port=parts.port, **settings)  # type: ignore[arg-type]
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._latest: dict[str, int] = {"due": 0, "ok": 0, "dropped": 0, "in_flight": 0}
        self._report: Report | None = None

    @property
    def counts(self) -> dict[str, int]:
        """`due`, `ok`, `dropped` and `in_flight`, a tenth of a second old at most."""
        return dict(self._latest)

    @property
    def report(self) -> Report:
        """The judge's report, once it was stopped."""
        assert self._report is not None, "the judge has not reported: it was not stopped, or died"
        return self._report

    def start(self) -> Self:
        """Begin to send."""
        settings = json.dumps(dataclasses.asdict(self._settings))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.judge", settings],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def wait_for(self, answers: int, *, deadline: float = 90.0) -> None:
        """Return once that many more requests were answered or dropped than now."""
        before = self._latest["ok"] + self._latest["dropped"]
        until = time.monotonic() + deadline
        while self._latest["ok"] + self._latest["dropped"] < before + answers:
            assert self._process is not None, "the traffic was not started"
            if self._process.poll() is not None and self._reader is not None:
                self._reader.join(deadline)  # what it told last may not be read yet
                assert self._latest["ok"] + self._latest["dropped"] >= before + answers, "the judge ended early"
            assert time.monotonic() < until, f"no {answers} answers in {deadline:g} s: {self._latest}"
            time.sleep(0.02)

    def wait_for_end(self, *, deadline: float = 90.0) -> None:
        """Return once a bound of the settings was reached."""
        assert self._process is not None, "the traffic was not started"
        self._process.wait(deadline)

    def stop(self) -> Report:
        """Send no more, wait for what is in flight, and report. Idempotent."""
        process, self._process = self._process, None
        if process is not None and self._reader is not None:
            try:
                assert process.stdin is not None
                process.stdin.close()
                self._reader.join(self._settings.timeout + 60)
                process.wait(30)
            finally:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()
        return self.report

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            document = json.loads(line)
            if "report" not in document:
                self._latest = document
                continue
            found = document["report"]
            found.pop("in_flight")
            found["releases"] = {
                name: Seen(count=int(seen["count"]), first=seen["first"], last=seen["last"])
                for name, seen in found["releases"].items()
            }
            found["drops"] = tuple(found["drops"])
            self._report = Report(**found)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)
