"""What the console costs on the wire and in CPU. Figures are in `make bench`; margins here hold on a busy machine."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.tui.pseudo_terminal import PseudoTerminal

pytestmark = [pytest.mark.slow, pytest.mark.busy]


class Meter:
    """Bytes a second, and seconds of CPU a second of the main thread: the engine has a thread of its own."""

    def __init__(self, terminal: PseudoTerminal) -> None:
        self._terminal = terminal
        self._began, self._written, self._used = time.monotonic(), len(terminal.output), self._seconds()

    def read(self) -> tuple[float, float]:
        took = time.monotonic() - self._began
        return (len(self._terminal.output) - self._written) / took, (self._seconds() - self._used) / took

    def _seconds(self) -> float:
        pid = self._terminal.process.pid
        main = next(thread for thread in psutil.Process(pid).threads() if thread.id == pid)
        return main.user_time + main.system_time


def test_it_is_lean_under_load_and_in_a_rollout_and_silent_when_nothing_changes(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path) as terminal:
        terminal.shows("blue v1 serves", "200/s", "0 dropped /")
        time.sleep(6)  # notices go, the first figures settle
        meter = Meter(terminal)
        time.sleep(6)
        wire, cpu = meter.read()
        assert 0 < wire < 500, "the budget at rest is 0.5 KB a second, and under load something changes"
        assert cpu < 0.05, "the budget at rest is 1 % of a quiet core"

        terminal.deploy()
        terminal.wait_for("step_started", step="start")
        meter = Meter(terminal)  # the dialog before it was painted for a key, once
        terminal.wait_for("rollout_finished")
        wire, cpu = meter.read()
        assert wire < 8_000, "the budget in a rollout is 8 KB a second"
        assert cpu < 0.15, "the budget in a rollout is 3 % of a quiet core"

        terminal.stop_load()
        terminal.quiet_for(6)
        assert "green v2 serves" in terminal.screen
