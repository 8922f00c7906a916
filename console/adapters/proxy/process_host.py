"""A proxy that runs as a process of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import unicodedata
from pathlib import Path, PurePosixPath

from console.model.errors import ProxyUnreachableError
from console.ports.proxy_host import OUTPUT_KEPT, CommandResult, Process


class ProcessHost:
    """`ports.proxy_host.ProxyHost` over a local proxy, found by the pid file that it writes.

    Args:
        pid_file: rewritten by the proxy whenever it is started anew, so that a restarted one is found again.
        address: the loopback address that its ports are bound to; nothing maps them.
    """

    def __init__(self, pid_file: Path, *, address: str = "127.0.0.1") -> None:
        self._pid_file = pid_file
        self._address = address

    async def run(self, argv: tuple[str, ...], *, deadline: float) -> CommandResult:
        """Run an argument list. Raises `ProxyUnreachableError` when it can't be started or exceeds the deadline."""
        attempted = f"run {argv[0]}"
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ProxyUnreachableError(attempted, str(error)) from error
        try:
            async with asyncio.timeout(deadline):
                output, _ = await child.communicate()
        except TimeoutError as error:
            raise ProxyUnreachableError(attempted, f"no end after {deadline:g} s; it was killed") from error
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await asyncio.shield(child.wait())
        text = _printable(output[-OUTPUT_KEPT:].decode(errors="replace"))
        return CommandResult(exit_code=child.returncode or 0, output=text, whole=len(output) <= OUTPUT_KEPT)

    async def processes(self) -> tuple[Process, ...]:
        """The master and its children, master first. Raises `ProxyUnreachableError` when the master is gone."""
        master = self._master()
        title = _title(master)
        if not title:
            raise ProxyUnreachableError("list the proxy's processes", f"process {master} is gone")
        listed = [Process(pid=master, parent=os.getpid(), title=title)]
        for pid in _children(master):
            child = _title(pid)
            if child:
                listed.append(Process(pid=pid, parent=master, title=child))
        return tuple(listed)

    async def read_text(self, path: PurePosixPath) -> str:
        """A small file of this machine. Raises `OSError` when it can't be read."""
        with open(path, errors="replace") as file:  # noqa: ASYNC230, PTH123 - the kernel answers from memory
            return file.read()

    async def published(self, port: int) -> str | None:
        """Ports of a local process are their own address."""
        return f"{self._address}:{port}"

    async def addresses(self) -> tuple[str, ...]:
        """A local process needs no forwarding."""
        return ()

    async def identity(self) -> str:
        """The master's pid and start time. Raises `ProxyUnreachableError`."""
        master = self._master()
        started = _started(master)
        if not started:
            raise ProxyUnreachableError("identify the proxy", f"process {master} is gone")
        return f"{master}@{started}"

    async def close(self) -> None:
        """Nothing is held open."""

    def _master(self) -> int:
        try:
            return int(self._pid_file.read_text())
        except (OSError, ValueError) as error:
            raise ProxyUnreachableError("find the proxy's master process", f"{self._pid_file}: {error}") from error


def _children(pid: int) -> tuple[int, ...]:
    """Child processes, oldest first: from the kernel's list (proc(5)) where there is one, in 20 us instead of 5 ms."""
    try:
        return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        import psutil  # noqa: PLC0415 - an optional dependency: only the embedded stack needs it

        with contextlib.suppress(psutil.Error):
            return tuple(child.pid for child in psutil.Process(pid).children())
        return ()


def _started(pid: int) -> str:
    """When a process started, in a unit of the system's own; empty when it is gone."""
    try:
        # The program's name, in parentheses, may hold blanks and parentheses itself; the start time is field 22.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        import psutil  # noqa: PLC0415 - an optional dependency: only the embedded stack needs it

        with contextlib.suppress(psutil.Error):
            return f"{psutil.Process(pid).create_time():.2f}"
        return ""


def _title(pid: int) -> str | None:
    """The process title; None when it is gone, empty for a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        import psutil  # noqa: PLC0415 - an optional dependency: only the embedded stack needs it

        with contextlib.suppress(psutil.Error):
            return " ".join(psutil.Process(pid).cmdline()).strip()
        return None


def _printable(text: str) -> str:
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char)[0] != "C")
