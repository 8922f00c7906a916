"""What the console costs: bytes on the wire and CPU, at rest and under way, at three sizes; its first paint."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.tui.pseudo_terminal import PseudoTerminal

SIZES = ((80, 24), (120, 40), (60, 18))
REST = 8.0
"""Seconds of rest that are measured."""
SETTLE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Over one stretch of time."""

    bytes_a_second: float
    cores: float
    seconds: float


def cost(terminal: PseudoTerminal, seconds: float) -> Cost:
    """The screen's thread alone: the engine has a thread of its own, and is measured by other figures."""
    pid = terminal.process.pid
    began, written, used = time.monotonic(), len(terminal.output), screen_seconds(pid)
    time.sleep(seconds)
    took = time.monotonic() - began
    return Cost(
        bytes_a_second=(len(terminal.output) - written) / took,
        cores=(screen_seconds(pid) - used) / took,
        seconds=took,
    )


def screen_seconds(pid: int) -> float:
    main = next(thread for thread in psutil.Process(pid).threads() if thread.id == pid)
    return main.user_time + main.system_time


def measured(size: tuple[int, int]) -> dict[str, Cost]:
    """Under load, in a rollout under load, and at rest."""
    with (
        tempfile.TemporaryDirectory() as directory,
        PseudoTerminal(Path(directory), width=size[0], height=size[1]) as terminal,
    ):
        terminal.shows("serves")
        time.sleep(SETTLE)
        found = {"under load": cost(terminal, REST)}
        terminal.deploy()
        found["in a rollout"] = cost(terminal, 3.5)
        terminal.wait_for("rollout_finished")
        time.sleep(SETTLE)
        terminal.press("L")
        time.sleep(SETTLE + 5)
        found["at rest"] = cost(terminal, REST)
    return found


def first_paint() -> tuple[float, float]:
    """Seconds of a whole process: until the first row is on the terminal, and `python -c "import textual"`."""
    floor = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import textual"], check=True, timeout=60)
        floor.append(time.monotonic() - began)
    painted = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as directory:
            began = time.monotonic()
            with PseudoTerminal(Path(directory)) as terminal:
                while b"colors" not in terminal.output:
                    time.sleep(0.005)
                painted.append(time.monotonic() - began)
    return statistics.median(painted), statistics.median(floor)


def run(rounds: int) -> None:
    del rounds
    for size in SIZES:
        for state, found in measured(size).items():
            wire, cpu = found.bytes_a_second / 1000, found.cores * 100
            print(f"{size[0]}x{size[1]} {state:<13} {wire:6.2f} KB/s  {cpu:5.1f} % of a core")
    painted, floor = first_paint()
    print(f"first paint {painted:.2f} s / import textual {floor:.2f} s = {painted / floor:.2f} (at most 2.5)")
