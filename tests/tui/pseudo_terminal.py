"""A console in a bare pseudo-terminal: what a test needs to hang up, to stop reading, and to count bytes."""

from __future__ import annotations

import contextlib
import fcntl
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

from tests.tui.demo_journal import DemoJournal
from tests.tui.screen import Screen

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
DEMO = ("-m", "console.cli.main", "demo")


class PseudoTerminal:
    """The console with its own controlling terminal: the demo, or other words. Use as a context manager."""

    def __init__(
        self,
        directory: Path,
        *,
        words: tuple[str, ...] = DEMO,
        width: int = 80,
        height: int = 24,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._words = words
        self._reading = threading.Event()
        self._reading.set()
        self._directory = directory
        self._size = (height, width)
        self._environment = environment or {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._open = True
        self._shown = Screen(width, height)
        self.output = bytearray()
        self._journal = DemoJournal(directory)

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *self._size, 0, 0))
        self._modes = termios.tcgetattr(slave)[:4]
        inherited = {name: value for name, value in os.environ.items() if name not in {"COLORTERM", "NO_COLOR"}}
        given = {"TERM": "xterm-256color", "TMPDIR": str(self._directory), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, *self._words],
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

    @property
    def records(self) -> list[dict[str, object]]:
        """The demo's journal, as far as it was read while it was there."""
        return self._journal.records

    def wait_for(self, kind: str, **fields: object) -> dict[str, object]:
        """Wait for a record of the demo's journal; that record."""
        return self._journal.wait_for(kind, **fields)

    @property
    def screen(self) -> str:
        """What is to be seen."""
        return self._shown.text

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is on: a program still has the terminal."""
        return self._shown.alternate

    @property
    def restored(self) -> bool:
        """Whether the terminal treats what is typed and written as before, and shows what it showed."""
        return not self.alternate and termios.tcgetattr(self._master)[:4] == self._modes

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

    def closes(self, words: str) -> None:
        """Wait until these words are on the screen no more."""
        deadline = time.monotonic() + PATIENCE
        while words in self.screen:
            assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for {words} to go:\n{self.screen}"
            time.sleep(0.02)

    def ended(self) -> int:
        """Wait for the console's end, and until all that it wrote was read; its exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert not self._reader.is_alive(), "somebody else still has the terminal"
        return code

    def quiet_for(self, seconds: float) -> None:
        """Wait until nothing at all was written for so long."""
        deadline = time.monotonic() + PATIENCE
        written, since = len(self.output), time.monotonic()
        while time.monotonic() - since < seconds:
            assert time.monotonic() < deadline, f"it never was silent for {seconds:g} s:\n{self.screen}"
            time.sleep(0.05)
            if len(self.output) != written:
                written, since = len(self.output), time.monotonic()

    def agree_to(self, key: str) -> None:
        """Press an acting key, and agree to what its dialog shows."""
        self.press(key)
        self.shows("y do it")
        deadline = time.monotonic() + PATIENCE
        while "y do it" in self.screen and self.process.poll() is None:
            assert time.monotonic() < deadline, f"it can't be agreed to:\n{self.screen}"
            time.sleep(0.5)  # the dialog ignores what is typed before it can be read
            self.press("y")
            answered = time.monotonic() + 4.0
            while "y do it" in self.screen and self.process.poll() is None and time.monotonic() < answered:
                time.sleep(0.02)

    def deploy(self) -> None:
        """Ask for a deploy by keys, and agree to it."""
        self.agree_to("D")
        self.wait_for("rollout_started")

    def stall(self, seconds: float) -> None:
        """Read nothing for so long, as a link that hangs does."""
        self._reading.clear()
        time.sleep(seconds)
        self._reading.set()

    def stop_load(self) -> None:
        """Press `L` until the load is off: it is refused while a rollout is still measured by it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.press("L")
            answered = time.monotonic() + 3.0  # longer than an answer takes, also one that other news replaced
            while time.monotonic() < answered:
                if "load stopped" in self.screen or "── off ─" in self.screen:
                    return
                time.sleep(0.02)
            assert time.monotonic() < deadline, f"the load can't be stopped:\n{self.screen}"

    def _read(self) -> None:
        while self._open:
            self._reading.wait()
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.output += chunk
            self._shown.feed(chunk)
