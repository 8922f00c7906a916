"""The load generator's process and its three pipes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Self

import console
from console.adapters.line_reader import LineReader

_PACKAGE = str(Path(console.__file__).resolve().parents[1])
_COMPLAINTS = 20
_KILL_DEADLINE = 5.0


class LoadChild:
    """One process, in a session of its own. Made by `spawn`."""

    def __init__(self, process: asyncio.subprocess.Process, output: LineReader) -> None:
        self._process = process
        self._output = output
        self._complaints: deque[str] = deque(maxlen=_COMPLAINTS)
        self._killed_for = ""

    @classmethod
    async def spawn(cls) -> Self:
        """Start it. Raises `OSError`."""
        path = os.pathsep.join(part for part in (_PACKAGE, os.environ.get("PYTHONPATH", "")) if part)
        with contextlib.ExitStack() as held, contextlib.ExitStack() as undone:
            output, written = os.pipe()
            held.callback(os.close, written)
            undone.callback(os.close, output)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the current directory is the user's: nothing is imported from it
                "-m",
                "console.load",
                stdin=asyncio.subprocess.PIPE,
                stdout=written,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": path},
            )
            undone.pop_all()
        return cls(process, LineReader(output))

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._process.pid

    def send(self, line: bytes) -> bool:
        """Write a line to it, without waiting; whether its input is still open."""
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing() or self._process.returncode is not None:
            return False
        pipe.write(line)
        return True

    async def read(self, take: Callable[[bytes], None]) -> None:
        """Hand over its output, as `LineReader.read`."""
        await self._output.read(take)

    async def listen(self) -> None:
        """Keep its last complaints, so that its end can be explained."""
        assert self._process.stderr is not None  # noqa: S101 - as above
        while line := await self._process.stderr.readline():
            self._complaints.append("".join(c for c in line.decode("utf-8", "replace").rstrip() if c.isprintable()))

    async def obituary(self) -> str:
        """How it died, once it has; or why it was ended from here."""
        code = await self._process.wait()
        if self._killed_for and code == -signal.SIGKILL:
            return self._killed_for
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        last = f": {self._complaints[-1]}" if self._complaints else ""
        return f"the load generator died ({how}){last}"

    async def kill(self, reason: str) -> None:
        """End it, if it hasn't ended; bounded. The reason is what its obituary says."""
        if self._process.returncode is None:
            self._killed_for = reason
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KILL_DEADLINE):
                    await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
