"""The app on a loopback port of its own, in this process or as a child, and raw connections to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from console.demo.app.server import Server
from console.demo.app.settings import Settings
from tests.support.wire import Wire

ROOT = Path(__file__).resolve().parents[3]


def request(path: str = "/", method: str = "GET", body: bytes = b"", headers: str = "") -> bytes:
    """One request, as it travels."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n".encode() + body


@contextlib.asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[Server, int]]:
    """The app in this process; yields it and its port."""
    server = Server(settings)
    _, port = await server.start()
    try:
        yield server, port
    finally:
        await asyncio.wait_for(server.stop(), 20)


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """One connection."""
    wire = await Wire.connect("127.0.0.1", port)
    try:
        yield wire
    finally:
        wire.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until the condition holds; fails after 5 s."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # what is awaited happens inside the app, which tells nobody
            await asyncio.sleep(0)


class Child:
    """The app as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    async def end(self) -> tuple[int, str]:
        """Wait for its end; exit code and the rest of what it said."""
        output, _ = await asyncio.wait_for(self.process.communicate(), 20)
        return self.process.returncode or 0, output.decode()


@contextlib.asynccontextmanager
async def child(**environment: str) -> AsyncIterator[Child]:
    """`python -m console.demo.app` on a port that the system chose."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "console.demo.app",
        cwd=ROOT,
        env={**os.environ, "HOST": "127.0.0.1", "PORT": "0", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        first = await asyncio.wait_for(process.stdout.readline(), 20)
        yield Child(process, int(first.rpartition(b":")[2]))
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
