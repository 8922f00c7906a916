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
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.model.load import LoadConfig, Snapshot, Summary
from console.model.load_wire import decode_message, encode
from tests.load.fault_server import FaultServer
from tests.load.raw import ROOT
from tests.support.processes import alive

PATIENCE = 30.0
SHELL = ("/bin/bash", "--norc", "--noprofile", "--noediting", "-i")
pytestmark = [
    pytest.mark.skipif(not Path(SHELL[0]).exists(), reason="needs a shell with job control"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only /proc tells that a process is stopped"),
]


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


def assert_silence(server: FaultServer, seconds: float) -> None:
    """Nothing arrives for so long, once what was under way has arrived."""
    end = time.monotonic() + PATIENCE
    before, since = server.books.requests, time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.05)
        if server.books.requests != before:
            before, since = server.books.requests, time.monotonic()
        assert time.monotonic() < end, "the load never stopped"


@pytest.mark.parametrize("form", ["--plain", ""])
def test_ctrl_z_stops_the_load_too_and_after_fg_the_gap_is_no_data(shell: Shell, form: str) -> None:
    with FaultServer() as server:
        words = ("load", server.url, "--rate", "100", "--duration", "6s", "--allow-remote", form)
        shell.type(command(*words))
        shell.until(lambda: server.books.requests >= 50)
        shell.type("\x1a")
        shell.shows("Stopped")
        assert_silence(server, 2.0)
        shell.type("fg\n")
        shell.shows("statuses: ")
        shell.type("echo code=$?\n")
        shell.shows("code=0")
        sent = server.books.answers
    text = re.sub(rb"\s+", b" ", shell.shown).decode()
    assert f"0 dropped of {sent:,} sent" in text
    gap = re.findall(r"no data for ([0-9.]+) s: this command was stopped, and sent nothing meanwhile", text)
    assert 1.5 <= float(gap[-1]) <= 5.5
    assert "not sent" not in text


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
    *lines, last, _verdict = (tmp_path / "lines").read_bytes().splitlines()
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
        shell.type(command("load", server.url, "--rate", "100", "--duration", "5s", "--allow-remote", "--plain"))
        shell.until(lambda: server.books.requests >= 50)
        shell.type("\x1a")
        shell.shows("Stopped")
        time.sleep(6.0)
        before = server.books.requests
        shell.type("fg\n")
        shell.shows("duration reached")
        assert server.books.requests == before


_STOPS_ITSELF = """
import fcntl, os, signal, subprocess, sys
program = "import console.load.__main__ as load; {settings}; raise SystemExit(load.main())"
child = subprocess.Popen([sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, 4096)
child.stdin.write(sys.stdin.buffer.readline())
child.stdin.flush()
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
told = child.stdout.read()
print(child.wait(), b'"type":"summary"' in told, flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A parent that stopped itself, and its generator, whose last lines don't fit into the pipe."""

    parent: subprocess.Popen[bytes]
    generator: int

    def over(self) -> None:
        """Let the pipe become full; in that time a load of a second ends as well."""
        time.sleep(4.0)
        assert alive(self.generator)

    def ends(self, within: float = 15.0) -> None:
        """See the generator end, while the parent is as it is: a child of a stopped parent stays as a zombie."""
        end = time.monotonic() + within
        while alive(self.generator):
            assert time.monotonic() < end, "the generator never ended"
            time.sleep(0.05)


@contextlib.contextmanager
def stopped_parent(settings: str, *, duration: float = 1.0) -> Iterator[Stopped]:
    """Such a pair, the generator with other settings of its module."""
    with FaultServer() as server:
        config = LoadConfig(url=server.url, rate=100.0, duration=duration, interval=0.02)
        parent = subprocess.Popen(
            [sys.executable, "-P", "-c", _STOPS_ITSELF.replace("{settings}", settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert parent.stdin is not None
        assert parent.stdout is not None
        try:
            parent.stdin.write(encode(config))
            parent.stdin.flush()
            yield Stopped(parent=parent, generator=int(parent.stdout.readline()))
        finally:
            parent.kill()
            parent.communicate()


def test_a_generator_whose_pipe_is_full_waits_for_a_parent_that_is_stopped() -> None:
    with stopped_parent("load._LOOK, load._BEHIND = 0.05, 6") as pair:
        pair.over()  # its time is up, and so is ten times that of the last flush
        pair.parent.send_signal(signal.SIGCONT)
        assert pair.parent.stdout is not None
        assert pair.parent.stdout.readline().split() == [b"0", b"True"]


def test_a_generator_that_waits_for_a_stopped_parent_ends_at_once_when_told_to_terminate() -> None:
    with stopped_parent("pass") as pair:
        pair.over()
        os.kill(pair.generator, signal.SIGTERM)
        pair.ends()


def test_a_generator_that_was_told_to_terminate_waits_for_no_stopped_parent() -> None:
    with stopped_parent("load._LOOK, load._BEHIND = 0.05, 6", duration=600.0) as pair:
        pair.over()
        os.kill(pair.generator, signal.SIGTERM)
        pair.ends()


def test_a_generator_ends_with_its_stopped_parent() -> None:
    with stopped_parent("pass") as pair:
        pair.over()
        pair.parent.kill()
        pair.ends()


def test_a_generator_does_not_wait_for_ever_for_a_stopped_parent() -> None:
    with stopped_parent("load._LOOK, load._LONGEST_WAIT = 0.05, 100") as pair:
        pair.over()
        pair.ends()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_rollout_that_is_stopped_has_a_gap_on_its_receipt_and_proves_no_zero_drops(shell: Shell) -> None:
    demo = f"{sys.executable} -P -m tests.tui.long_watch 8 demo"
    shell.type(f"{demo} --headless --deploys 1 --json --plain > lines\n")
    shell.shows("watch green")
    shell.type("\x1a")
    shell.shows("Stopped")
    time.sleep(2.0)
    shell.type("fg\n")
    shell.type("echo code=$?\n")
    shell.until(lambda: re.search(rb"code=\d", shell.shown) is not None)
    shell.type("tail -1 lines > last; echo ke''pt\n")  # so that what is typed is not what is waited for
    shell.shows("kept")
    folder = Path(f"/proc/{shell.process.pid}/cwd").resolve()
    load = json.loads((folder / "last").read_text())["receipt"]["load"]
    assert load["suspended"] >= 1.5
    assert (load["dropped"], load["not_sent"]) == (0, 0)
