"""How quick the console is: first paint, a key to its dialog under load, an engine behind a stalled terminal."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from bench.console import SETTLE, opened
from bench.figures import judge, ratio, seconds
from tests.tui.pseudo_terminal import PseudoTerminal

RATE = 2000
KEYS = 100
STALL = 10.0
BOX = "╭".encode()
"""Only dialogs have round corners."""


def first_paint(rounds: int) -> None:
    """Seconds of a whole process: until the first row is on the terminal, over `python -c "import textual"`."""
    floors, painted = [], []
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import textual"], check=True, timeout=60)
        floors.append(time.monotonic() - began)
        with tempfile.TemporaryDirectory() as directory:
            began = time.monotonic()
            with PseudoTerminal(Path(directory)) as terminal:
                while b"colors" not in terminal.output:
                    time.sleep(0.002)
                painted.append(time.monotonic() - began)
    ratio('first paint / python -c "import textual"', painted, floors, limit=2.5)


def key_to_dialog() -> None:
    with opened((80, 24)) as terminal:
        time.sleep(SETTLE)
        while f"{RATE}/s" not in terminal.screen:
            terminal.press("+")
            time.sleep(0.5)
        found = []
        for _ in range(KEYS):
            written = len(terminal.output)
            began = time.monotonic()
            terminal.press("D")
            while BOX not in terminal.output[written:]:
                time.sleep(0.001)
            found.append(time.monotonic() - began)
            terminal.shows("y do it")
            terminal.press("\x1b")
            while "y do it" in terminal.screen:
                time.sleep(0.01)
            time.sleep(0.05)
    found.sort()
    label = f"key to dialog with {RATE} requests/s"
    seconds(label, found)
    judge(f"{label}, p99 of {KEYS}", found[round(KEYS * 0.99) - 1] * 1000, 100.0, "ms")


def steps(terminal: PseudoTerminal, rollout: int) -> dict[str, float]:
    """Seconds from the begin of each step to that of the next one, as the journal tells them."""
    times = [
        (str(record["step"]), datetime.fromisoformat(str(record["at"])).timestamp())
        for record in terminal.records
        if record["type"] == "step_started" and record["rollout"] == rollout
    ]
    return {name: later - at for (name, at), (_, later) in pairwise(times)}


def stalled() -> None:
    """The same deploy three times; in the second one nobody reads the terminal."""
    with opened((80, 24)) as terminal:
        time.sleep(SETTLE)
        found = []
        for number in (1, 2, 3):
            terminal.agree_to("D")
            if number == 2:
                terminal.stall(STALL)
            terminal.wait_for("rollout_finished", rollout=number)
            found.append(steps(terminal, number))
            time.sleep(SETTLE)
    before, during, after = found
    late = {name: during[name] - max(before.get(name, 0.0), after.get(name, 0.0)) for name in during if name in after}
    name = max(late, key=lambda step: late[step])
    judge(f"terminal stalled for {STALL:g} s: most late step ({name})", late[name] * 1000, 250.0, "ms")


def run(rounds: int) -> None:
    first_paint(rounds)
    key_to_dialog()
    stalled()
