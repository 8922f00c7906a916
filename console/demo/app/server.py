"""The listening app, from its first connection to the last."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from .connection import LINGER, Connection
from .lifecycle import Lifecycle
from .peers import Peers
from .reply import Wire
from .routes import Routes
from .settings import Fault, Settings

QUIET = 0.5
"""Seconds without a request after which a stop believes that no more are coming."""
TICK = 0.02
SWEEP = 5.0
ROUNDS = 8
"""Rounds of the event loop from a connection in the listener's queue to its first request: four, and some to spare."""
BACKLOG = 1024


class Server:
    """Accepts connections until it is drained.

    Args:
        settings: what the environment asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.lifecycle = Lifecycle(settings)
        self._routes = Routes(settings, self.lifecycle)
        self._wire = Wire(settings.version, settings.color)
        self._peers = Peers()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._crash: asyncio.Task[None] | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; returns the address. Raises `OSError` when it is taken."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            self._connect, self._settings.host, self._settings.port, backlog=BACKLOG, start_serving=True
        )
        self._listener = listener
        self._sweeper = loop.create_task(self._sweep())
        if self._settings.fault is Fault.CRASH:
            self._crash = loop.create_task(self._crash_when_due())
        host, port = listener.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def stop(self) -> int:
        """Turn not ready, finish what is in flight, end; returns how many requests the deadline cut.

        New requests are still answered meanwhile: whoever sends them has not heard yet. Bounded by `Settings.drain`.
        """
        self.lifecycle.drain()
        deadline = asyncio.get_running_loop().time() + self._settings.drain
        while not await self._settled() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - quiet is the passing of time
            await asyncio.sleep(TICK)
        cut = self.lifecycle.in_flight
        if self._listener is not None:
            self._listener.close()
        self._peers.finish()
        await self._peers.gone(LINGER)
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._crash is not None:
            self._crash.cancel()
        return cut

    async def _settled(self) -> bool:
        if self.lifecycle.quiet < QUIET:
            return False
        # What looks idle may have a request waiting in its socket, or wait in the listener's queue itself; closing
        # now would lose it. Some rounds of the loop take in what the kernel holds.
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        return self.lifecycle.quiet >= QUIET and self._peers.idle

    def _connect(self) -> Connection:
        return Connection(self._routes.answer, self._wire, self.lifecycle, self._peers)

    async def _crash_when_due(self) -> None:
        if self._settings.fault_after:
            await self.lifecycle.used.wait()
            await asyncio.sleep(self._settings.fault_after)
        os._exit(1)  # not an exit but a death: nothing is flushed, finished or said

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            self._peers.expire()


async def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code: 0, or 1 when the drain's deadline cut requests."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = Server(settings)
    host, port = await server.start()
    say(f"{settings.color} {settings.version} listens on {host}:{port}")
    await stopped.wait()
    say(f"{settings.color} {settings.version} drains: {server.lifecycle.in_flight} in flight")
    cut = await server.stop()
    say(
        f"{settings.color} {settings.version} ends: {cut} requests cut" if cut else f"{settings.color} ends: all served"
    )
    return 1 if cut else 0


def say(line: str) -> None:
    """One line on standard output; whoever read it may be gone, and that must not end the app."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        return
