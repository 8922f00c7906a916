"""What each path answers. Decides, and does no I/O itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from .lifecycle import Lifecycle
from .reply import Later, Reply, Response, Streamed
from .request import Request
from .settings import Fault, Settings

SLOW_FAULT_SECONDS = 3.0
LONGEST_WAIT = 300.0
MOST_PARTS = 100_000
READ = ("GET", "HEAD")


class Routes:
    """The paths of the app.

    `/` says who answers, `/health` that it lives, `/ready` whether it wants traffic, POST `/echo` returns the body,
    `/slow?s=2` takes that many seconds, `/stream?n=10&every=0.1` sends lines, `/events?n=0&every=1` server-sent events
    (n=0: until somebody leaves).
    """

    def __init__(self, settings: Settings, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._who = {"version": settings.version, "color": settings.color, "replica": settings.replica}
        self._root = Response(body=_json(self._who))
        self._alive = Response(body=_json({"status": "alive"}))
        self._failing = Response(status=500, body=_json({"error": "rehearsed fault", **self._who}))
        self._table: dict[str, tuple[tuple[str, ...], Callable[[Request], Reply]]] = {
            "/": (READ, lambda _: self._root),
            "/health": (READ, lambda _: self._alive),
            "/ready": (READ, self._ready),
            "/echo": (("POST", "PUT"), _echo),
            "/slow": (READ, self._slow),
            "/stream": (("GET",), self._stream),
            "/events": (("GET",), self._events),
        }

    def answer(self, request: Request) -> Reply:
        """The reply to a request, rehearsed faults included."""
        reply = self._route(request)
        if request.head.path == "/ready":
            return reply
        match self._lifecycle.fault:
            case Fault.ERROR_500:
                return self._failing
            case Fault.SLOW:
                if isinstance(reply, Later):
                    return Later(seconds=reply.seconds + SLOW_FAULT_SECONDS, reply=reply.reply)
                return Later(seconds=SLOW_FAULT_SECONDS, reply=reply)
            case _:
                return reply

    def _route(self, request: Request) -> Reply:
        found = self._table.get(request.head.path)
        if found is None:
            return Response(status=404, body=_json({"error": "no such path", "paths": sorted(self._table)}))
        methods, handle = found
        if request.head.method not in methods:
            allowed = ", ".join(methods)
            return Response(status=405, body=_json({"error": "method not allowed"}), headers=(("Allow", allowed),))
        return handle(request)

    def _ready(self, _request: Request) -> Reply:
        reason = self._lifecycle.not_ready
        if reason:
            return Response(status=503, body=_json({"status": reason}), headers=(("Retry-After", "1"),))
        return Response(body=_json({"status": "ready"}))

    def _slow(self, request: Request) -> Reply:
        seconds = request.head.number("s", 2.0, highest=LONGEST_WAIT)
        return Later(seconds=seconds, reply=Response(body=_json({**self._who, "seconds": seconds})))

    def _stream(self, request: Request) -> Reply:
        count = int(request.head.number("n", 10, highest=MOST_PARTS))
        every = request.head.number("every", 0.1, highest=LONGEST_WAIT)
        return Streamed(parts=self._lines(count, every), content_type="text/plain; charset=utf-8")

    def _events(self, request: Request) -> Reply:
        count = int(request.head.number("n", 0, highest=MOST_PARTS))
        every = request.head.number("every", 1.0, lowest=0.001, highest=LONGEST_WAIT)
        return Streamed(parts=self._ticks(count, every), content_type="text/event-stream")

    async def _lines(self, count: int, every: float) -> AsyncIterator[bytes]:
        for number in range(1, count + 1):
            yield f"{number} {self._who['version']} {self._who['color']}\n".encode()
            if number < count:
                await asyncio.sleep(every)

    async def _ticks(self, count: int, every: float) -> AsyncIterator[bytes]:
        """Events without an end of their own; a drain ends them, and the browser comes back by itself."""
        # Browsers wait 3 s before they reconnect, unless told otherwise.
        yield b"retry: 500\n\n"
        data = json.dumps(self._who)
        number = 0
        while not (self._lifecycle.draining.is_set() or (count and number >= count)):
            number += 1
            yield f"id: {number}\nevent: tick\ndata: {data}\n\n".encode()
            try:
                await asyncio.wait_for(self._lifecycle.draining.wait(), every)
            except TimeoutError:
                continue
        if self._lifecycle.draining.is_set():
            yield b"event: drain\ndata: {}\n\n"


def _echo(request: Request) -> Reply:
    content_type = request.head.headers.get("content-type", "application/octet-stream")
    return Response(body=request.body, content_type=content_type)


def _json(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"
