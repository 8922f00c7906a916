"""`rollout load` in a process of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from tests.load.fault_server import FaultServer
from tests.load.raw import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def rollout(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", "-m", "console.cli.main", "load", *words]
    return subprocess.run(
        argv,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def started(folder: Path, *words: str, terminal: int | None = None, **environment: str) -> subprocess.Popen[bytes]:
    """The command, still under way: on a terminal, or with its output in pipes."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "console.cli.main", "load", *words],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.PIPE if terminal is None else terminal,
        start_new_session=True,
    )


def on_a_terminal(
    folder: Path,
    *words: str,
    columns: int = 80,
    rows: int = 24,
    kind: str = "xterm",
    meanwhile: Callable[[subprocess.Popen[bytes], int, str], None] = lambda *_: None,
) -> tuple[int, str]:
    """The exit code, and everything that the command writes to a terminal; `meanwhile` is called for each piece."""
    controller, terminal = pty.openpty()
    resize(terminal, columns, rows)
    process = started(folder, *words, terminal=terminal, TERM=kind)
    os.close(terminal)
    shown = b""
    try:
        while data := os.read(controller, 65_536):
            shown += data
            meanwhile(process, controller, shown.decode(errors="replace"))
    except OSError:
        pass  # the terminal is gone with its last user
    os.close(controller)
    return process.wait(60), shown.decode()


def resize(terminal: int, columns: int, rows: int = 24) -> None:
    """Give a terminal another size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def shown_on_a_terminal(folder: Path, *words: str, columns: int = 80, kind: str = "xterm") -> str:
    """Everything that the command writes to a terminal; it has to end with 0."""
    code, shown = on_a_terminal(folder, *words, columns=columns, kind=kind)
    assert code == 0
    return shown


def screens_of(shown: str) -> list[list[str]]:
    """The lines of each screen that was drawn over by the next, without their colours."""
    *screens, _erased, _summary = re.split(r"\r\x1b\[\d+A", shown)
    return [re.sub(r"\x1b\[[0-9;]*[mJK]", "", screen).splitlines() for screen in screens]


def generator_of(process: subprocess.Popen[bytes]) -> int:
    """The process id of the one child."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def wait_for_requests(server: FaultServer, count: int) -> None:
    end = time.monotonic() + 60
    while server.books.requests < count:
        assert time.monotonic() < end, f"only {server.books.requests} of {count} requests came"
        time.sleep(0.02)
