"""nginx as a child process on a leash."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from pathlib import Path

from console.adapters.runtime.local.leash import Leash
from console.demo.stack.nginx_config import NginxConfig
from console.demo.stack.ports import LOOPBACK
from console.demo.stack.wait import answers_ok, until
from console.model.errors import RuntimeFailedError

START_DEADLINE = 10.0
STOP_DEADLINE = 3.0
_TAIL = 5


class NginxProcess:
    """One nginx, its master in the foreground as this process's grandchild.

    Args:
        binary: the nginx to run.
        config: its configuration; the directories that it names are made.
    """

    def __init__(self, binary: Path, config: NginxConfig) -> None:
        self._binary = binary
        self._config = config
        self._leash = Leash()
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until its control listener answers. Raises `RuntimeFailedError` with its own words."""
        directory = self._config.directory
        main = directory / "nginx.conf"
        directory.mkdir(parents=True, exist_ok=True)
        self._config.include.mkdir(parents=True, exist_ok=True)
        main.write_text(self._config.render())
        program = (str(self._binary), "-p", f"{directory}/", "-c", str(main), "-e", str(self._config.error_log))
        # nginx writes its process titles over its arguments and environment: there must be room for "master process".
        environment = {"PATH": os.environ.get("PATH", os.defpath), "TITLE_ROOM": "x" * 64}
        try:
            self._child = await asyncio.create_subprocess_exec(
                *self._leash.command("exec", *program),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                pass_fds=(self._leash.fd,),
                start_new_session=True,
            )
            async with asyncio.timeout(START_DEADLINE):
                await until(self._answers)
        except (OSError, TimeoutError) as error:
            raise self._failed(str(error) or f"it does not answer after {START_DEADLINE:g} s") from error

    async def stop(self) -> None:
        """End it, within a bounded time: SIGTERM, then SIGKILL for its whole process group. Idempotent."""
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_DEADLINE):
                    await child.wait()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
        self._leash.let_go()

    async def _answers(self) -> bool:
        if self._child is None or self._child.returncode is not None:
            raise self._failed("it ended at once")
        return await answers_ok(f"http://{LOOPBACK}:{self._config.control_port}/generation")

    def _failed(self, found: str) -> RuntimeFailedError:
        with contextlib.suppress(OSError):
            tail = self._config.error_log.read_text(errors="replace").splitlines()[-_TAIL:]
            found = "; ".join([found, *tail])
        return RuntimeFailedError(
            f"start {self._binary}",
            found,
            now="the embedded stack is not up, and nothing is left running",
            next_command=shlex.join([str(self._binary), "-V"]),
        )
