"""Deploys that somebody ends: by a signal, by a closed terminal, by breaking the lock. Nothing is dropped."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import ROLLOUT, Operator, eventually, other, shell_environment
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DEPLOY = ("deploy", "--source", "local")
INTERRUPTIONS = [
    ("remove", signal.SIGTERM),
    ("start", signal.SIGINT),
    ("start", signal.SIGTERM),
    ("await-ready", signal.SIGINT),
    ("await-ready", signal.SIGTERM),
]
"""Step and signal, before any traffic moves."""


@contextlib.contextmanager
def deploying(operator: Operator, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A deploy in the background that does not outlive the block."""
    process = operator.start(*(arguments or DEPLOY))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    assert "Traceback" not in output, output
    return process.returncode, output


@pytest.mark.timeout(400)
def test_an_interruption_before_the_cutover_leaves_the_traffic_and_stops_the_new_color(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    operator.set_environment(WARMUP="15")
    with Traffic(operator.stack.url, rate=100.0) as traffic:
        traffic.wait_for(50)
        for step, number in INTERRUPTIONS:
            serving = {name: operator.identities(name) for name in ("app", "proxy")}
            with deploying(operator) as process:
                operator.reached(process, step)
                process.send_signal(number)
                process.send_signal(number)
                code, told = ended(process)
            assert code == 130, told
            assert f"{number.name}: ending safely" in told
            assert operator.agreed() == "blue", told
            # Until the new color is started, the warm standby may still be there.
            assert operator.running("app_green") <= (step == "remove"), f"interrupted at {step}\n{told}"
            assert {name: operator.identities(name) for name in serving} == serving
            said_so(operator, number, active="blue")
        traffic.wait_for(50)
    traffic.report.assert_clean(at_least=500)
    operator.set_environment(WARMUP="0")
    operator.rollout(*DEPLOY)
    assert operator.agreed() == "green"


@pytest.mark.timeout(400)
def test_an_interruption_from_the_cutover_on_leaves_the_new_color_with_the_traffic(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    operator.edit("docker-compose.yml", lambda text: text.replace("window: 300ms", "window: 20s"))
    with Traffic(operator.stack.url, rate=100.0) as traffic:
        traffic.wait_for(50)
        for step, number in (("apply", signal.SIGINT), ("read-back", signal.SIGTERM), ("watch", signal.SIGINT)):
            before = operator.serving()
            with deploying(operator) as process:
                operator.reached(process, step)
                process.send_signal(number)
                # Of two signals that wait, the lower number comes first: only one that was heard was the first one.
                eventually(lambda: operator.asked_to_end(process), "the first signal is on record")
                process.send_signal(signal.SIGINT)
                code, told = ended(process)
            assert code == 130, told
            assert operator.agreed() == other(before), f"{step}\n{told}"
            assert operator.running("app") == operator.running("app_green") == 1
            said_so(operator, number, active=other(before))
        traffic.wait_for(50)
    traffic.report.assert_clean(at_least=500)


def said_so(operator: Operator, number: signal.Signals, *, active: str) -> None:
    """The journal and the receipt tell of the interruption, and who asked for it."""
    rollout = operator.last("rollout_started")["rollout"]
    mine = [record for record in operator.records() if record["rollout"] == rollout]
    asked = [record["by"] for record in mine if record["type"] == "abort_requested"]
    (finished,) = [record for record in mine if record["type"] == "rollout_finished"]
    assert asked == [number.name]
    assert (finished["outcome"], finished["exit_code"], finished["active"]) == ("interrupted", 130, active)
    assert number.name in str(finished["message"])
    receipt = operator.receipt()
    assert (receipt["rollout"], receipt["result"], receipt["exit_code"]) == (rollout, "interrupted", 130)
    assert receipt["active"] == active


@pytest.mark.timeout(300)
def test_a_rollout_outlives_the_terminal_that_it_was_started_on(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.set_environment(WARMUP="3")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(operator.stack.directory)
        os.execve(sys.executable, [*ROLLOUT, *DEPLOY], shell_environment())
    try:
        eventually(lambda: "await-ready" in operator.begun_by(child), "the deploy waits for blue")
    finally:
        os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert operator.last("rollout_finished")["outcome"] == "done"
    assert operator.agreed() == "blue"


@pytest.mark.timeout(300)
def test_a_second_deploy_is_told_who_holds_the_lock_and_a_broken_lock_disarms_its_holder(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.set_environment(WARMUP="5")
    with Traffic(operator.stack.url, rate=100.0) as traffic, deploying(operator) as first:
        operator.reached(first, "await-ready")
        first.send_signal(signal.SIGSTOP)
        refused = operator.rollout(*DEPLOY, expect=75)
        assert f"pid {first.pid}" in " ".join(refused.stderr.split())
        assert "since" in refused.stderr
        held = json.loads(operator.rollout("lock", "status", "--json").stdout)
        assert (held["state"], held["holder"]["pid"]) == ("held", first.pid)
        assert f"pid {first.pid}" in operator.rollout("lock").stdout
        operator.rollout("lock", "break", expect=64)
        assert "broken" in operator.rollout("lock", "break", "--yes").stdout
        taken = operator.last("lock_taken_over")
        assert f"pid {first.pid}" in str(taken["from_holder"])
        operator.rollout(*DEPLOY)
        winner = operator.last("rollout_started")["pid"]
        assert operator.agreed() == "blue"
        everything = operator.identities("app", "app_green", "proxy")
        first.send_signal(signal.SIGCONT)
        code, told = ended(first)
        assert code == 1, told
        assert (
            f"the lock was taken away, last by {getpass.getuser()}@{socket.gethostname()} (pid {winner}, rollout deploy"
            in " ".join(told.split())
        ), told
        assert operator.agreed() == "blue"
        assert operator.identities("app", "app_green", "proxy") == everything
        traffic.wait_for(50)
    traffic.report.assert_clean(at_least=200)
