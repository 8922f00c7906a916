"""The command line over the reference stack on real Docker: what an operator types in the course of a day."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import ReferenceStack

pytestmark = [pytest.mark.docker, pytest.mark.slow]
ROLLOUT = (sys.executable, "-m", "console.cli.main")
DEADLINE = 240.0


@pytest.fixture
def stack(reference_stack: ReferenceStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReferenceStack]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    yield reference_stack
    reference_stack.run(*ROLLOUT, "down", check=False)


def rollout(stack: ReferenceStack, *argv: str, expect: int) -> subprocess.CompletedProcess[str]:
    """Run a command line and see it end with that code."""
    done = stack.run(*ROLLOUT, *argv, check=False, deadline=DEADLINE)
    assert done.returncode == expect, f"{argv}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def watch_for(stack: ReferenceStack, *, before: str, after: str) -> None:
    """Watch releases for another time from now on."""
    file = stack.directory / "docker-compose.yml"
    text = file.read_text()
    assert f"window: {before}" in text
    file.write_text(text.replace(f"window: {before}", f"window: {after}"))


@pytest.mark.timeout(600)
def test_a_day_at_the_command_line(stack: ReferenceStack) -> None:
    before = rollout(stack, "status", expect=1)
    assert "next       rollout up" in before.stdout

    up = rollout(stack, "up", expect=0)
    assert " up -d --no-recreate " in up.stderr
    assert json.loads(rollout(stack, "status", "--json", expect=0).stdout)["serving"] == "blue"

    plan = rollout(stack, "deploy", "--plan", expect=0)
    assert plan.stdout.startswith("deploy: blue serves, target green\n")

    watch_for(stack, before="10s", after="90s")  # it is to be interrupted in its watch, however long that takes
    interrupted = subprocess.Popen(
        [*ROLLOUT, "deploy"],
        cwd=stack.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert interrupted.stderr is not None
        while "record green as active" not in (line := interrupted.stderr.readline()):
            assert line, "it ended before its cutover"
        assert rollout(stack, "deploy", expect=75).stderr.count("holds the lock") == 1
        assert rollout(stack, "down", expect=75)
        interrupted.send_signal(signal.SIGINT)
        _, told = interrupted.communicate(timeout=DEADLINE)
    finally:
        if interrupted.poll() is None:
            os.killpg(interrupted.pid, signal.SIGKILL)
        interrupted.wait(DEADLINE)
    assert interrupted.returncode == 130, told
    watch_for(stack, before="90s", after="10s")
    status = json.loads(rollout(stack, "status", "--json", expect=0).stdout)
    assert (status["serving"], status["drift"], status["unfinished"]) == ("green", None, None)
    assert status["rollback"]["readiness"] == "ready"

    back = rollout(stack, "rollback", expect=0)
    assert "now        blue serves" in back.stderr
    assert rollout(stack, "history", expect=0).stdout.count("\n") == 3
    assert "rollback of" in rollout(stack, "receipt", expect=0).stdout
    rollout(stack, "retire", expect=0)
    assert rollout(stack, "drain", "blue", expect=3)
    assert rollout(stack, "lock", expect=0).stdout == "the lock is free\n"
    assert rollout(stack, "recover", expect=0)

    down = rollout(stack, "down", expect=0)
    assert " down" in down.stderr
    assert stack.compose("ps", "--all", "--quiet") == ""
    assert (stack.state / "journal.jsonl").exists()
