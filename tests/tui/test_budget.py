"""What the console costs on the wire and in CPU; figures are in `make bench`, the margins here hold on a busy machine."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from tests.tui.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.slow


def screen_seconds(pid: int) -> float:
    """CPU seconds of the main thread: the screen's; the engine has a thread of its own."""
    main = next(thread for thread in psutil.Process(pid).threads() if thread.id == pid)
    return main.user_time + main.system_time


def test_it_is_silent_at_rest_and_lean_in_a_rollout(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path) as terminal:
        terminal.wait_for_bytes("serves", "dropped")
        time.sleep(3)
        began, written, used = time.monotonic(), len(terminal.output), screen_seconds(terminal.process.pid)
        terminal.deploy()
        terminal.wait_for("rollout_finished")
        took = time.monotonic() - began
        assert (len(terminal.output) - written) / took < 16_000, "the budget is 8 KB a second"
        assert (screen_seconds(terminal.process.pid) - used) / took < 0.2, "the budget is 3 % of a quiet core"

        terminal.press("L")
        time.sleep(10)  # the notice goes, the generator ends, the last figures settle
        written, used = len(terminal.output), screen_seconds(terminal.process.pid)
        time.sleep(6)
        assert (len(terminal.output) - written) / 6 < 500, "the budget at rest is 0.5 KB a second"
        assert (screen_seconds(terminal.process.pid) - used) / 6 < 0.05, "the budget at rest is 1 % of a quiet core"
