"""Reads lines from a pipe, straight from the event loop's callback.

A stream with a task behind it doubles what a line costs whoever hears ten a second.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_READ = 16_384
"""Bytes: several snapshots. Room for all that a pipe holds would be taken and given back at each of them."""
_LONGEST_LINE = 8 * 1024 * 1024


class LineReader:
    """Owns the reading end of a pipe."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._partial = b""
        self._take: Callable[[bytes], None]
        self._ended: asyncio.Future[None]

    async def read(self, take: Callable[[bytes], None]) -> None:
        """Hand over line by line, without their line feeds, to the end; then close the pipe. Once.

        Raises:
            ValueError: from `take`, or for a line beyond all measure.
            OSError: the pipe can't be read.
        """
        loop = asyncio.get_running_loop()
        self._take, self._ended = take, loop.create_future()
        loop.add_reader(self._fd, self._readable)
        try:
            await self._ended
        finally:
            loop.remove_reader(self._fd)
            os.close(self._fd)

    def _readable(self) -> None:
        if self._ended.done():
            return
        try:
            if not self._read_some():
                self._ended.set_result(None)
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            self._ended.set_exception(error)

    def _read_some(self) -> bool:
        """Whether there may be more."""
        data = os.read(self._fd, _READ)
        if not data:
            return False
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._partial) > _LONGEST_LINE:
            raise ValueError(f"a line of more than {_LONGEST_LINE} bytes")
        return True
