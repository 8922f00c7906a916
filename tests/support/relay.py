"""A relay in front of the Docker engine's socket that a test can cut, hang and mend."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

ENGINE = Path("/var/run/docker.sock")


class Relay:
    """A unix socket that passes everything on to the engine's. Lives on the loop that opens it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def address(self) -> str:
        """What `DOCKER_HOST` has to be."""
        return f"unix://{self.path}"

    async def open(self) -> None:
        """Listen, and pass on from now on."""
        self._flowing.set()
        self._server = await asyncio.start_unix_server(self._connected, self.path)

    async def cut(self) -> None:
        """Close every connection and the socket itself, as an engine that died would."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.path.unlink(missing_ok=True)
        for writer in self._writers:
            writer.transport.abort()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def hang(self) -> None:
        """Go on accepting, and pass nothing on any more."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again."""
        self._flowing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(ENGINE)
        self._writers |= {writer, back}
        for source, target in ((reader, back), (there, writer)):
            pump = asyncio.create_task(self._pump(source, target))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flowing.wait()
                target.write(data)
                await target.drain()
        self._writers.discard(target)
        target.close()
