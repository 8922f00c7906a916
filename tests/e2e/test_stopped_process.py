"""A real rollout whose process is stopped (SIGSTOP, as Ctrl-Z does) for longer than its steps may take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from console.engine.executor import SLACK
from console.planning._blocks import PROXY_DEADLINE, READ_BACK_DEADLINE, WATCH_GRACE

ROOT = Path(__file__).resolve().parents[2]
LONGEST = {
    "await-ready": 3.0,
    "validate": PROXY_DEADLINE,
    "read-back": READ_BACK_DEADLINE,
    "watch": 2.0 + 2.0 + WATCH_GRACE,
}
"""Seconds that a step of `stopped_at` may take."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only /proc tells that a process is stopped"),
]


def state(pid: int) -> str:
    """One letter, as `ps` shows it."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def deploy(image: str, steps: Sequence[str]) -> dict[str, object]:
    """Deploy, and stop the process in each of these steps for longer than the step may take."""
    rollout = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.stopped_at", image, *steps],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert rollout.stdout is not None
    try:
        for step in steps:
            assert rollout.stdout.readline() == b"stopping\n"
            while state(rollout.pid) != "T":
                assert rollout.poll() is None
                time.sleep(0.01)
            time.sleep(LONGEST[step] + SLACK + 2.0)
            rollout.send_signal(signal.SIGCONT)
        told: dict[str, object] = json.loads(rollout.stdout.readline())
        assert rollout.wait(60) == 0
        return told
    finally:
        if rollout.poll() is None:
            os.killpg(rollout.pid, signal.SIGKILL)
        rollout.communicate()


@pytest.mark.parametrize("steps", [["await-ready", "read-back"], ["validate"], ["watch"]], ids=" and ".join)
def test_a_healthy_release_is_kept_however_long_its_rollout_was_stopped(steps: list[str]) -> None:
    told = deploy("app@v2", steps)
    assert told["failed"] == []
    assert (told["result"], told["active"], told["message"]) == ("done", "green", "green serves")
    stops = told["stops"]
    assert isinstance(stops, list)
    assert len(stops) == len(steps)


def test_a_release_that_never_gets_ready_is_given_up_after_a_stop_as_well() -> None:
    told = deploy("app@never-ready", ["await-ready"])
    assert told["failed"] == ["await-ready"]
    assert (told["result"], told["active"]) == ("aborted", "blue")
