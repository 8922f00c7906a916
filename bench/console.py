"""What the console costs: bytes on the wire and CPU, at rest, under load and in a rollout, at three sizes.

On the embedded stack with its load, and over a fake runtime with 2 and with 200 containers. CPU is that of the thread
that draws: the engine has a thread of its own, and is measured by other figures.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.figures import judge
from tests.tui.pseudo_terminal import DEMO, PseudoTerminal

SIZES = ((80, 24), (120, 40), (60, 18))
CONTAINERS = (2, 200)
SETTLE = 5.0
"""Seconds: notices go, and the first figures settle."""
REST = 6.0
ROLLOUT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Over one stretch of time."""

    bytes_a_second: float
    cores: float


def cost(terminal: PseudoTerminal, seconds: float) -> Cost:
    pid = terminal.process.pid
    began, written, used = time.monotonic(), len(terminal.output), screen_seconds(pid)
    time.sleep(seconds)
    took = time.monotonic() - began
    return Cost(bytes_a_second=(len(terminal.output) - written) / took, cores=(screen_seconds(pid) - used) / took)


def screen_seconds(pid: int) -> float:
    main = next(thread for thread in psutil.Process(pid).threads() if thread.id == pid)
    return main.user_time + main.system_time


@contextmanager
def opened(size: tuple[int, int], words: tuple[str, ...] = DEMO) -> Iterator[PseudoTerminal]:
    with (
        tempfile.TemporaryDirectory() as directory,
        PseudoTerminal(Path(directory), words=words, width=size[0], height=size[1]) as terminal,
    ):
        terminal.shows("serves")
        yield terminal


def embedded(size: tuple[int, int]) -> Iterator[tuple[str, Cost]]:
    with opened(size) as terminal:
        time.sleep(SETTLE)
        yield "at rest under load", cost(terminal, REST)
        terminal.agree_to("D")
        yield "in a rollout under load", cost(terminal, ROLLOUT)
        terminal.wait_for("rollout_finished")
        terminal.stop_load()
        time.sleep(SETTLE + 2)
        yield "at rest", cost(terminal, REST)


def faked(size: tuple[int, int], containers: int) -> Iterator[tuple[str, Cost]]:
    with opened(size, ("-m", "bench.console_fakes", f"{containers // 2}")) as terminal:
        terminal.shows("no rollback yet")
        time.sleep(1)
        terminal.agree_to("D")
        yield f"in a rollout, {containers} containers", cost(terminal, ROLLOUT)
        terminal.shows("rollback ready")
        time.sleep(SETTLE)
        yield f"at rest, {containers} containers", cost(terminal, REST)


def report(size: tuple[int, int], state: str, found: Cost) -> None:
    """What is promised is promised for 80x24."""
    rolling = "rollout" in state
    label = f"{size[0]}x{size[1]} {state}"
    if size != SIZES[0]:
        print(f"  {label:<58} {found.bytes_a_second / 1000:8.2f} KB/s {found.cores * 100:5.1f} % of a core", flush=True)
        return
    judge(f"{label}: wire", found.bytes_a_second / 1000, 8.0 if rolling else 0.5, "KB/s")
    judge(f"{label}: CPU", found.cores * 100, 3.0 if rolling else 1.0, "%")


def run(rounds: int) -> None:
    del rounds
    for size in SIZES:
        for state, found in embedded(size):
            report(size, state, found)
        for containers in CONTAINERS:
            for state, found in faked(size, containers):
                report(size, state, found)
