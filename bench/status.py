"""`rollout status` as a whole process, over a Python that only imports Docker's SDK."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import console
from bench.figures import ratio, seconds
from bench.stack import serving_stack
from console.adapters.storage.journal import FileJournal
from tests.support.long_journal import write_rollouts

ROLLOUT = str(Path(sys.executable).parent / "rollout")
ROLLOUTS = 2000


def run(rounds: int) -> None:
    # As an installed package is; the SDK of the floor has its bytecode, too.
    compileall.compile_dir(str(Path(console.__file__).parent), quiet=1)
    with serving_stack() as stack:
        journal = stack.directory / "state" / "journal.jsonl"
        years = journal.with_name("years.jsonl")
        _write(years)
        floor: list[float] = []
        status: list[float] = []
        help_text: list[float] = []
        long: list[float] = []
        for number in range(rounds + 1):
            times = [
                _timed(sys.executable, "-c", "import docker", where=stack.directory),
                _timed(ROLLOUT, "status", where=stack.directory),
                _timed(ROLLOUT, "--help", where=stack.directory),
            ]
            years.rename(journal)
            times.append(_timed(ROLLOUT, "status", where=stack.directory))
            journal.rename(years)
            if number:
                for values, value in zip((floor, status, help_text, long), times, strict=True):
                    values.append(value)
    seconds("python -c 'import docker'", floor)
    seconds("rollout status", status)
    seconds("rollout --help", help_text)
    seconds(f"rollout status, {ROLLOUTS:,} rollouts in the journal", long)
    ratio("rollout status / python -c 'import docker'", status, floor, limit=3.0)
    ratio("rollout status, long journal / no journal", long, status, limit=1.1)


def _write(path: Path) -> None:
    """A journal of years; what is not synced can be written in seconds."""
    path.parent.mkdir(exist_ok=True)
    with patch("os.fsync"):
        write_rollouts(FileJournal(path), ROLLOUTS)


def _timed(*command: str, where: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        command,
        cwd=where,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))},
        start_new_session=True,
    )
    return time.perf_counter() - began
