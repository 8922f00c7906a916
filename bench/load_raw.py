"""The least that a client on asyncio's own transports costs at a steady rate: it counts answers and keeps nothing.

The limits for a steady rate were drawn on a machine where such a client took 7 % of a core at 1,000 requests a second
and 20 % at 5,000. Machines differ, so what it takes in the same run says what those limits are here.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from typing import cast
from urllib.parse import urlsplit

import httptools

_CONNECTIONS = 50
_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: raw\r\nAccept: */*\r\n\r\n"
_BUFFER = 65_536


class _Connection(asyncio.BufferedProtocol):
    """One kept-alive connection; idle again once its answer is complete."""

    def __init__(self, idle: deque[_Connection]) -> None:
        self._idle = idle
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._idle.append(self)

    def get_buffer(self, sizehint: int) -> bytearray:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._parser.feed_data(self._view[:nbytes])

    def on_message_complete(self) -> None:
        self._idle.append(self)


def raw_client(url: str, rate: float, seconds: float) -> float:
    """The share of a core that it takes, from 0 to 1."""
    return asyncio.run(_steadily(url, rate, seconds))


async def _steadily(url: str, rate: float, seconds: float) -> float:
    split, loop = urlsplit(url), asyncio.get_running_loop()
    idle: deque[_Connection] = deque()
    made = [
        (await loop.create_connection(lambda: _Connection(idle), split.hostname or "", split.port or 80))[0]
        for _ in range(_CONNECTIONS)
    ]
    cpu, began, sent = time.process_time(), time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        while idle and began + sent / rate <= now:
            idle.popleft().transport.write(_REQUEST)
            sent += 1
        await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    for transport in made:
        transport.close()
    return share
