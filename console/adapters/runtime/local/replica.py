"""One replica as a child process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
import unicodedata
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from console.adapters.runtime.local.catalog import LocalRelease
from console.adapters.runtime.local.leash import Leash
from console.adapters.runtime.local.usage import Usage
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Replica, ReplicaState
from console.ports.runtime import ReplicaStats

LINES_KEPT = 2000
_LINE_LIMIT = 4096
_READ = 64 * 1024


@dataclass(slots=True, kw_only=True)
class LocalReplica:
    """A process slot of a color: it keeps its name, port and output when the process ends or is started again."""

    app: Path
    leash: Leash
    color: Color
    name: str
    host: str
    port: int
    release: LocalRelease
    tell: Callable[[LocalReplica, str, int | None], None]
    """Called with what happened (`start`, `die`) and the exit code."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _output: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    _usage: Usage = field(default_factory=Usage)
    _process: asyncio.subprocess.Process | None = None
    _ended: asyncio.Task[None] | None = None
    _started_at: str = ""
    _starts: int = 0
    _exit_code: int | None = None

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._exit_code is None

    @property
    def command(self) -> str:
        """How to run the same by hand, shell-quoted."""
        package = (self.app / "__init__.py").is_file()
        settings = self._settings | ({"PYTHONPATH": str(self.app.parent)} if package else {})
        program = ["-m", self.app.name] if package else [str(self.app)]
        return shlex.join(["env", *(f"{name}={value}" for name, value in settings.items()), sys.executable, *program])

    @property
    def output(self) -> tuple[tuple[str, str], ...]:
        """The last lines it wrote, oldest first, each after when it came (UTC, ISO 8601)."""
        return tuple(self._output)

    def snapshot(self) -> Replica:
        """What is seen of it now."""
        image = self.release.image
        state = ReplicaState.RUNNING if self.running else ReplicaState.EXITED if self._starts else ReplicaState.CREATED
        return Replica(
            id=self.id,
            name=self.name,
            color=self.color,
            state=state,
            address=f"{self.host}:{self.port}" if self.running else None,
            image_id=image.id,
            image=image.reference,
            config_hash=image.id.removeprefix("sha256:"),
            started_at=self._started_at,
            exit_code=self._exit_code,
        )

    def usage(self) -> ReplicaStats:
        """What its process uses now. Raises `RuntimeFailedError` when it does not run."""
        if self._process is None or not self.running:
            raise RuntimeFailedError(f"read what {self.name} uses", "it does not run")
        return self._usage.read(self._process.pid)

    async def start(self) -> None:
        """Start the process. Raises `RuntimeFailedError`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.leash.command("app", str(self.app)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**_inherited(), **self._settings, "PYTHONUNBUFFERED": "1"},
                pass_fds=(self.leash.fd,),
                start_new_session=True,
            )
        except OSError as error:
            raise RuntimeFailedError(f"start {self.name}", str(error)) from error
        self._process, self._exit_code = process, None
        self._starts += 1
        self._started_at = _now()
        self._ended = asyncio.create_task(self._follow(process), name=f"follow {self.name}")
        self.tell(self, "start", None)

    async def stop(self, *, grace: float) -> None:
        """SIGTERM, up to `grace` seconds, SIGKILL for its whole process group. Idempotent."""
        process, ended = self._process, self._ended
        if process is None or ended is None or ended.done():
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace):
                await asyncio.shield(ended)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(ended)

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        """Keep its output, then note its end. A grandchild that holds the pipe must not hide the end."""
        reading = asyncio.create_task(self._read(process.stdout)) if process.stdout else None
        code = await process.wait()
        if reading is not None:
            await asyncio.wait({reading}, timeout=1.0)
            reading.cancel()
        self._exit_code = code if code >= 0 else 128 - code
        self.tell(self, "die", self._exit_code)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        """Keep what it writes, line by line; of a line that exceeds the limit the beginning."""
        rest, cut = b"", False
        while data := await stream.read(_READ):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if not cut:
                    self._output.append((_now(), _printable(line)))
                cut = False
            if len(rest) > _LINE_LIMIT:
                if not cut:
                    self._output.append((_now(), _printable(rest)))
                rest, cut = b"", True
        if rest and not cut:
            self._output.append((_now(), _printable(rest)))

    @property
    def _settings(self) -> dict[str, str]:
        place = {"HOST": self.host, "PORT": str(self.port), "COLOR": self.color.value, "REPLICA": self.name}
        return place | self.release.environment


def _inherited() -> dict[str, str]:
    """What a child needs of our environment, and no more: it may hold the operator's secrets."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _printable(line: bytes) -> str:
    text = line[:_LINE_LIMIT].decode(errors="replace").rstrip("\r")
    return "".join(char for char in text if char == "\t" or unicodedata.category(char)[0] != "C")
