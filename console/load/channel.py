"""The two pipes to the supervisor: commands come in as lines, messages go out as lines, and neither ever blocks."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable

from console.model.load import Message
from console.model.load_wire import encode

_READ = 1_048_576
_LONGEST_LINE = 64 * 1_048_576
"""A configuration holds the body of the requests."""
_WAITING_LINES = 256
"""Snapshots kept for a reader that is behind: 25 s at ten a second. After that their windows grow instead."""


class Outgoing:
    """Lines to standard output. A reader that is blocked loses nothing, and holds nothing up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, *, broken: Callable[[], None]) -> None:
        self._loop = loop
        self._fd = fd
        self._broken = broken
        self._lines: deque[bytes] = deque()
        self._writing = False
        self._empty: asyncio.Future[None] | None = None
        os.set_blocking(fd, False)

    def write(self, message: Message) -> None:
        """Write a message now, or as soon as the reader takes it; in order."""
        self._lines.append(encode(message))
        if not self._writing:
            self._flush()

    def congested(self) -> bool:
        """Whether so much waits for the reader that no more should be added."""
        return len(self._lines) >= _WAITING_LINES

    async def drain(self, deadline: float) -> bool:
        """Wait up to `deadline` seconds until everything was taken; returns whether it was."""
        if self._lines:
            self._empty = self._loop.create_future()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline):
                    await self._empty
        return not self._lines

    def _flush(self) -> None:
        lines = self._lines
        try:
            while lines:
                sent = os.write(self._fd, lines[0])
                if sent < len(lines[0]):
                    lines[0] = lines[0][sent:]
                else:
                    lines.popleft()
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                self._loop.add_writer(self._fd, self._flush)
            return
        except OSError:
            lines.clear()
            self._stop_writing()
            self._broken()
            return
        self._stop_writing()

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._fd)
        if self._empty is not None and not self._empty.done():
            self._empty.set_result(None)


class Incoming:
    """Lines from standard input, and its end: that is how a killed parent is noticed."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, fd: int, *, line: Callable[[bytes], None], closed: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._line = line
        self._closed = closed
        self._partial: list[bytes] = []
        """The pieces of a line whose end is still to come: it may be long, and is looked through only once."""
        self._held = 0
        """Bytes in them."""
        os.set_blocking(fd, False)
        loop.add_reader(fd, self._readable)

    def close(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._fd)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        first, *others = data.split(b"\n")
        self._hold(first)
        for piece in others:
            line = b"".join(self._partial)
            self._partial, self._held = [], 0
            self._hold(piece)
            self._line(line)
        if not data or self._held > _LONGEST_LINE:
            self.close()
            self._closed()

    def _hold(self, piece: bytes) -> None:
        self._partial.append(piece)
        self._held += len(piece)
