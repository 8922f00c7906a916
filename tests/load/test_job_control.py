"""Ctrl-Z in a real shell on a real terminal: who stops the command means its load as well."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.model.load import Snapshot, Summary
from console.model.load_wire import decode_message
from tests.load.fault_server import FaultServer
from tests.load.raw import ROOT

PATIENCE = 30.0
SHELL = ("/bin/bash", "--norc", "--noprofile", "--noediting", "-i")
pytestmark = pytest.mark.skipif(not Path(SHELL[0]).exists(), reason="needs a shell with job control")


class Shell:
    """An interactive shell with job control, on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._master, slave = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen(
            SHELL,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PS1": "$ ", "TERM": "xterm", "COLUMNS": "80"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - it only takes its terminal
        )
        os.close(slave)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def until(self, condition: Callable[[], bool]) -> None:
        """Read what is shown until something is true. Raises `AssertionError` when it never is."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.shown.decode(errors="replace")
            if select.select([self._master], [], [], 0.05)[0]:
                self.shown += os.read(self._master, 65_536)

    def shows(self, text: str) -> None:
        """Wait for a text, whatever follows it."""
        self.until(lambda: text.encode() in self.shown)

    def close(self) -> None:
        """End the shell and every job of its."""
        session = self.process.pid
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                    os.kill(int(stat.parent.name), signal.SIGKILL)
        self.process.wait(10)
        os.close(self._master)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path)
    try:
        opened.shows("$ ")
        yield opened
    finally:
        opened.close()


def command(*words: str) -> str:
    return " ".join((sys.executable, "-P", "-m", "console.cli.main", *words)) + "\n"


@pytest.mark.parametrize("form", ["--plain", ""])
def test_ctrl_z_stops_the_load_too_and_after_fg_the_gap_is_no_data(shell: Shell, form: str) -> None:
    with FaultServer() as server:
        words = ("load", server.url, "--rate", "100", "--duration", "6s", "--allow-remote", form)
        shell.type(command(*words))
        shell.until(lambda: server.books.requests >= 50)
        shell.type("\x1a")
        shell.shows("Stopped")
        time.sleep(0.5)  # the generator looks ten times a second
        before = server.books.requests
        time.sleep(2.0)
        assert server.books.requests == before
        shell.type("fg\n")
        shell.shows("statuses: ")
        shell.type("echo code=$?\n")
        shell.shows("code=0")
        sent = server.books.answers
    text = re.sub(rb"\s+", b" ", shell.shown).decode()
    assert f"0 dropped of {sent:,} sent" in text
    gap = re.findall(r"no data for ([0-9.]+) s: this command was stopped, and sent nothing meanwhile", text)
    assert 2.0 <= float(gap[-1]) <= 5.5
    assert "not sent" not in text
    assert sent <= 450


def test_the_gap_is_in_every_line_of_the_json_stream_that_covers_it(shell: Shell, tmp_path: Path) -> None:
    with FaultServer() as server:
        words = ("load", server.url, "--rate", "100", "--duration", "5s", "--allow-remote", "--json", ">", "lines")
        shell.type(command(*words))
        shell.until(lambda: server.books.requests >= 50)
        shell.type("\x1a")
        shell.shows("Stopped")
        time.sleep(2.0)
        shell.type("fg\n")
        shell.shows("statuses: ")
        shell.type("echo code=$?\n")
        shell.shows("code=0")
    *lines, last = (tmp_path / "lines").read_bytes().splitlines()
    snapshots = [one for one in map(decode_message, lines) if isinstance(one, Snapshot)]
    summary = decode_message(last)
    assert isinstance(summary, Summary)
    assert summary.suspended >= 1.5
    assert sum(one.suspended for one in snapshots) == pytest.approx(summary.suspended)
    silent = [one for one in snapshots if one.suspended and not one.target_rate]
    assert sum(phase.due for one in silent[1:] for phase in one.phases) == 0
    assert summary.rate == pytest.approx(100.0, rel=0.2)
    assert (summary.totals.dropped, summary.totals.not_sent) == (0, 0)


def test_a_load_that_is_stopped_longer_than_its_duration_ends_without_sending_any_more(shell: Shell) -> None:
    with FaultServer() as server:
        shell.type(command("load", server.url, "--rate", "100", "--duration", "2s", "--allow-remote", "--plain"))
        shell.until(lambda: server.books.requests >= 50)
        shell.type("\x1a")
        shell.shows("Stopped")
        time.sleep(3.0)
        before = server.books.requests
        shell.type("fg\n")
        shell.shows("duration reached")
        assert server.books.requests == before


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_rollout_that_is_stopped_has_a_gap_on_its_receipt_and_proves_no_zero_drops(shell: Shell) -> None:
    shell.type(command("demo", "--headless", "--deploys", "1", "--json", "--plain", ">", "lines"))
    shell.shows("watch green")
    shell.type("\x1a")
    shell.shows("Stopped")
    time.sleep(2.0)
    shell.type("fg\n")
    shell.type("echo code=$?\n")
    shell.until(lambda: re.search(rb"code=\d", shell.shown) is not None)
    shell.type("tail -1 lines > last; echo kept\n")
    shell.shows("\nkept")
    folder = Path(f"/proc/{shell.process.pid}/cwd").resolve()
    load = json.loads((folder / "last").read_text())["receipt"]["load"]
    assert load["suspended"] >= 1.5
    assert (load["dropped"], load["not_sent"]) == (0, 0)
