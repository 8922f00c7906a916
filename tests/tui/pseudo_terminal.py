"""A console in a bare pseudo-terminal: what a test needs to hang up, to stop reading, and to count bytes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Self

from tests.tui.screen import Screen

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


class PseudoTerminal:
    """`rollout demo` with its own controlling terminal. Use as a context manager."""

    def __init__(
        self, directory: Path, *, width: int = 80, height: int = 24, environment: dict[str, str] | None = None
    ) -> None:
        self._directory = directory
        self._size = (height, width)
        self._environment = environment or {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._open = True
        self._shown = Screen(width, height)
        self.output = bytearray()
        self.records: list[dict[str, object]] = []
        """The journal, as far as it was read while it was there."""

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self._size, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in {"COLORTERM", "NO_COLOR"}}
        given = {"TERM": "xterm-256color", "TMPDIR": str(self._directory), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console.cli.main", "demo"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=inherited | given | self._environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - it only takes its terminal
        )
        os.close(slave)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.hang_up()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """Close the terminal, as a lost SSH link does."""
        if self._open:
            self._open = False
            os.close(self._master)

    def wait_for(self, kind: str, **fields: object) -> dict[str, object]:
        """Wait for a record of the journal; that record."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.look()
            for record in self.records:
                if record["type"] == kind and all(record.get(name) == value for name, value in fields.items()):
                    return record
            assert time.monotonic() < deadline, f"no {kind} {fields} within {PATIENCE:g} s: {self.records[-3:]}"
            time.sleep(0.02)

    @property
    def screen(self) -> str:
        """What is to be seen."""
        return self._shown.text

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is on: a program still has the terminal."""
        return self._shown.alternate

    def shows(self, *words: str, either: bool = False) -> str:
        """Wait until all of these words (or one of them) are on the screen; the screen then."""
        deadline = time.monotonic() + PATIENCE
        enough = any if either else all
        while True:
            seen = self.screen
            if enough(word in seen for word in words):
                return seen
            assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for {words}:\n{seen}"
            time.sleep(0.02)

    def quiet_for(self, seconds: float) -> None:
        """Wait until nothing at all was written for so long."""
        deadline = time.monotonic() + PATIENCE
        written, since = len(self.output), time.monotonic()
        while time.monotonic() - since < seconds:
            assert time.monotonic() < deadline, f"it never was silent for {seconds:g} s:\n{self.screen}"
            time.sleep(0.05)
            if len(self.output) != written:
                written, since = len(self.output), time.monotonic()

    def look(self) -> None:
        """Read the journal while it is there: the demo takes its directory along."""
        for journal in self._directory.glob("rollout-demo-*/state/journal.jsonl"):
            with contextlib.suppress(OSError):
                lines = journal.read_text().splitlines()
                read = [json.loads(line) for line in lines if line.endswith("}")]
                if len(read) > len(self.records):
                    self.records = read

    def deploy(self) -> None:
        """Ask for a deploy by keys, and agree to it."""
        self.press("D")
        self.shows("y do it")
        time.sleep(0.5)  # the dialog ignores what is typed before it can be read
        self.press("y")
        self.wait_for("rollout_started")

    def stop_load(self) -> None:
        """Press `L` as soon as the load may be stopped: not while a rollout is still measured by it."""
        refused = "measured by it"
        deadline = time.monotonic() + PATIENCE
        while True:
            self.press("L")
            if "load stopped" in self.shows("load stopped", refused, either=True):
                return
            assert time.monotonic() < deadline, f"the load can't be stopped:\n{self.screen}"
            while refused in self.screen:  # until the notice goes, or this answer would be taken for the next one
                time.sleep(0.05)

    def _read(self) -> None:
        while self._open:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.output += chunk
            self._shown.feed(chunk)
