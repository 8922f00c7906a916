"""A console in a terminal of its own: a tmux that a test types into and reads, as a person would."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90.0
"""Seconds; generous, since other tests share the machine."""
_AGAIN = 4.0
"""Seconds that a key is given to take effect."""
_MODULES = (b"console.cli.main", b"tests.tui.long_watch")

missing_tmux = "" if which("tmux") else "there is no tmux"


class Terminal:
    """One tmux server with one window. Use as a context manager.

    Args:
        program: what Python runs in place of the command.
    """

    def __init__(
        self,
        *arguments: str,
        width: int = 80,
        height: int = 24,
        directory: Path = ROOT,
        environment: dict[str, str] | None = None,
        program: tuple[str, ...] = ("-m", "console.cli.main"),
    ) -> None:
        self._socket = f"rollout-test-{uuid.uuid4().hex[:8]}"
        self._size = (width, height)
        self._directory = directory
        given = shlex.join(f"{name}={value}" for name, value in (environment or {}).items())
        command = shlex.join([sys.executable, *program, *arguments])
        self._line = f"env PYTHONPATH={shlex.quote(str(ROOT))} {given} {command}; echo EXIT=$?; exec sleep 600"

    def __enter__(self) -> Self:
        width, height = self._size
        size = ("-x", str(width), "-y", str(height))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(self._directory), self._line)
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.pids():
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while self.pids() and time.monotonic() < deadline:
            time.sleep(0.1)
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True, timeout=60)

    def press(self, *keys: str) -> None:
        """Type keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """Another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    @property
    def screen(self) -> str:
        """What is to be seen."""
        return self._tmux("capture-pane", "-p")

    @property
    def scrolled(self) -> int:
        """Lines that were to be seen and are above the screen now."""
        return int(self._tmux("display-message", "-p", "#{history_size}"))

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is on: a program still has the terminal."""
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def wait_for(self, *words: str, gone: str = "") -> str:
        """Wait until all these words are on the screen (and `gone` is not); the screen then."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = self.screen
            if all(word in seen for word in words) and (not gone or gone not in seen):
                return seen
            assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for {words}, without {gone!r}:\n{seen}"
            time.sleep(0.1)

    def ask(self, key: str, *words: str) -> None:
        """Press an acting key until a dialog with these words is there: while something else goes on it is refused."""
        self._press_until(key, lambda seen: all(word in seen for word in words))

    def answer(self, key: str, *words: str) -> None:
        """Wait for a dialog with these words, and answer it; it ignores what is typed before it can be read."""
        self.wait_for(*words)
        time.sleep(0.5)
        self._press_until(key, lambda seen: any(word not in seen for word in words))

    def agree(self, *words: str) -> None:
        """Wait for a dialog with these words, and confirm it."""
        self.wait_for("y do it", *words)
        self.answer("y", "y do it")

    def act(self, key: str, *words: str) -> None:
        """Press an acting key, and agree to a dialog with these words."""
        self.ask(key, "y do it", *words)
        self.agree(*words)

    def _press_until(self, key: str, done: Callable[[str], bool]) -> None:
        """Press a key, and once more every few seconds, until the screen is like that."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.press(key)
            again = time.monotonic() + _AGAIN
            while time.monotonic() < again:
                seen = self.screen
                if done(seen):
                    return
                time.sleep(0.1)
            assert time.monotonic() < deadline, f"pressed {key} for {PATIENCE:g} s:\n{seen}"

    def kill(self) -> None:
        """End the session with everything in it, as `tmux kill-session` does."""
        self._tmux("kill-session")

    def pids(self) -> list[int]:
        """The console's process, while it lives."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}", check=False).strip()
        if not shell:
            return []
        children = Path(f"/proc/{shell}/task/{shell}/children")
        try:
            found = [int(pid) for pid in children.read_text().split()]
        except OSError:
            return []
        return [pid for pid in found if any(name in _command(pid) for name in _MODULES)]

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
