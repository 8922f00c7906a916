"""The independent judge of a rollout: a client process that sends requests at a constant rate and counts every loss.

Open loop (a request is sent when it is due, whatever the earlier ones do), no retries. The one thing it forgives is
what a browser forgives: a kept-alive connection that is found closed *before* a request is sent on it is replaced.
Every request that was due ends in exactly one of `ok`, `dropped` and `not_sent`.

Runs as a process of its own (`python -m tests.support.judge '<settings as JSON>'`), so that neither a busy test nor a
stalled engine slows it. It writes one JSON line of counts every tenth of a second, and the report as the last line
once its stdin says `stop` or ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from tests.support.wire import Wire, WireAnswer, WireError

MAX_IN_FLIGHT = 4000
MAX_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to send. The defaults are the traffic that a rollout must survive."""

    host: str = "127.0.0.1"
    port: int
    rate: float = 500.0
    """Requests a second, `slow_rate` of them included."""
    path: str = "/"
    post_path: str | None = "/echo"
    post_every: int = 4
    """Every n-th request is a POST with a body that the answer must contain."""
    slow_path: str | None = "/slow?s=2"
    slow_rate: float = 4.0
    """Requests a second that go to `slow_path`, so that some are in flight at any moment."""
    fresh_every: int = 10
    """Every n-th request goes over a connection of its own."""
    connections: int = 50
    """Kept-alive connections, used in turn, so that most are idle when a proxy reloads."""
    timeout: float = 45.0
    """Seconds that one request may take, from when it was due: a machine that stands still a while drops nothing."""
    patience: float = 25.0
    """Seconds; an answer that took longer is a drop all the same, unless this client was late itself: less than the
    30 s that the reference stack drains for."""
    max_seconds: float = 1200.0
    max_requests: int = 600_000


@dataclass(slots=True)
class Tally:
    """The counts so far."""

    due: int = 0
    ok: int = 0
    dropped: int = 0
    not_sent: int = 0
    in_flight: int = 0
    recycled: int = 0
    """Idle connections found closed before use, and replaced."""
    worst_lag: float = 0.0
    """Seconds by which the client itself was late at worst: above a tenth, mistrust the latencies, not the counts."""
    sent: dict[str, int] = field(default_factory=dict)
    """By kind, for example `GET fresh` or `slow kept`."""
    releases: dict[str, dict[str, float]] = field(default_factory=dict)
    """By `color/release` as the answers name themselves: `count`, `first` and `last` (seconds from the start)."""
    drops: list[dict[str, object]] = field(default_factory=list)
    """The first losses, each with what is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One request."""

    number: int
    method: str
    path: str
    fresh: bool
    slow: bool

    @property
    def kind(self) -> str:
        return f"{'slow' if self.slow else self.method} {'fresh' if self.fresh else 'kept'}"

    @property
    def payload(self) -> bytes:
        return f"request-{self.number}-".encode() * 8 if self.method == "POST" else b""

    def encoded(self, host: str) -> bytes:
        connection = "close" if self.fresh else "keep-alive"
        length = f"Content-Length: {len(self.payload)}\r\n" if self.payload else ""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n{length}\r\n"
        return head.encode() + self.payload


class Judge:
    """Sends what the settings say until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: deque[Wire] = deque()
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = 0.0
        self.tally = Tally()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set or a bound is reached, then wait for every answer that is still due."""
        self._started = time.monotonic()
        limit = min(self._settings.max_requests, int(self._settings.max_seconds * self._settings.rate))
        for number in range(limit):
            due = self._started + number / self._settings.rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if stop.is_set():
                break
            self.tally.worst_lag = max(self.tally.worst_lag, time.monotonic() - due)
            self._fire(self._shot(number), due)
        if self._tasks:
            await asyncio.wait(self._tasks)
        for wire in self._idle:
            wire.close()

    def _shot(self, number: int) -> Shot:
        settings = self._settings
        fresh = number % settings.fresh_every == 0
        slow_every = max(1, int(settings.rate / settings.slow_rate)) if settings.slow_rate else 0
        if settings.slow_path and slow_every and number % slow_every == 1:
            fresh = number // slow_every % 2 == 0
            return Shot(number=number, method="GET", path=settings.slow_path, fresh=fresh, slow=True)
        # Of the fresh ones, too, every n-th is a POST: hence the quotient.
        turn = number // settings.fresh_every if fresh else number
        post = settings.post_path is not None and turn % settings.post_every == 0
        path = settings.post_path if post and settings.post_path else settings.path
        return Shot(number=number, method="POST" if post else "GET", path=path, fresh=fresh, slow=False)

    def _fire(self, shot: Shot, due: float) -> None:
        self.tally.due += 1
        if self.tally.in_flight >= MAX_IN_FLIGHT:
            self.tally.not_sent += 1
            return
        self.tally.in_flight += 1
        self.tally.sent[shot.kind] = self.tally.sent.get(shot.kind, 0) + 1
        task = asyncio.create_task(self._one(shot, due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one(self, shot: Shot, due: float) -> None:
        wire: Wire | None = None
        reused = keep = False
        try:
            async with asyncio.timeout(self._settings.timeout):
                wire = None if shot.fresh else self._kept()
                reused = wire is not None
                wire = wire or await Wire.connect(self._settings.host, self._settings.port)
                self._open += not reused and not shot.fresh
                answer = await wire.exchange(shot.encoded(self._settings.host))
        except WireError as error:
            self._drop(shot, due, error.kind, error.detail, reused=reused)
        except TimeoutError:
            self._drop(shot, due, "timeout", f"no complete answer in {self._settings.timeout:g} s", reused=reused)
        else:
            keep = answer.reusable and not shot.fresh
            self._judge(shot, due, answer, reused=reused)
        finally:
            self.tally.in_flight -= 1
            if wire is not None:
                self._put_back(wire, shot, keep=keep)

    def _kept(self) -> Wire | None:
        """The idle connection that waited longest; none while there are too few connections yet."""
        if self._open < self._settings.connections:
            return None
        while self._idle:
            wire = self._idle.popleft()
            if not wire.stale:
                return wire
            self.tally.recycled += 1
            self._open -= 1
            wire.close()
        return None

    def _put_back(self, wire: Wire, shot: Shot, *, keep: bool) -> None:
        if keep and len(self._idle) < self._settings.connections:
            self._idle.append(wire)
            return
        self._open -= not shot.fresh
        wire.close()

    def _judge(self, shot: Shot, due: float, answer: WireAnswer, *, reused: bool) -> None:
        release = f"{answer.headers.get('x-rollout-color', '?')}/{answer.headers.get('x-rollout-release', '?')}"
        if answer.status != 200:
            self._drop(shot, due, "status", f"{answer.status} from {release}", reused=reused)
            return
        if shot.payload not in answer.body:
            self._drop(shot, due, "body", f"{len(answer.body)} bytes without what was posted", reused=reused)
            return
        took = time.monotonic() - due
        if took > self._settings.patience + self.tally.worst_lag:
            self._drop(shot, due, "hung", f"the answer took {took:.3g} s", reused=reused)
            return
        self.tally.ok += 1
        at = time.monotonic() - self._started
        seen = self.tally.releases.setdefault(release, {"count": 0, "first": at, "last": at})
        seen["count"] += 1
        seen["last"] = at

    def _drop(self, shot: Shot, due: float, kind: str, detail: str, *, reused: bool) -> None:
        self.tally.dropped += 1
        if len(self.tally.drops) >= MAX_LISTED:
            return
        now = time.monotonic()
        self.tally.drops.append(
            {
                "at": round(now - self._started, 3),
                "age": round(now - due, 4),
                "request": f"{shot.method} {shot.path}",
                "connection": "reused" if reused else "new" if not shot.fresh else "fresh",
                "kind": kind,
                "detail": detail,
            }
        )


def say(document: dict[str, object]) -> None:
    """One JSON line, at once."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


async def judge(settings: Settings) -> None:
    """Run until stdin says stop; report."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        # `stop` and the end of the file mean the same: the test that asked is done, or dead.
        os.read(0, 4096)
        loop.remove_reader(0)
        stop.set()

    loop.add_reader(0, heard)
    sender = Judge(settings)
    running = asyncio.create_task(sender.run(stop))
    while not running.done():
        await asyncio.wait({running}, timeout=0.1)
        tally = sender.tally
        say({"due": tally.due, "ok": tally.ok, "dropped": tally.dropped, "in_flight": tally.in_flight})
    await running
    say({"report": dataclasses.asdict(sender.tally)})


if __name__ == "__main__":
    # The reader is the test; when it is gone nobody is left to tell.
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(judge(Settings(**json.loads(sys.argv[1]))))
