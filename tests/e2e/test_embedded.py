"""The embedded stack under the real engine: many deploys without a drop, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from console.model.color import Color
from console.model.plan import Action
from console.model.request import Actor, Request, Result
from console.wiring import embedded_session
from tests.e2e.conftest import ROLLOUT, shell_environment
from tests.support.processes import alive
from tests.support.traffic import Traffic

DEPLOYS = int(os.environ.get("ROLLOUT_TEST_EMBEDDED_DEPLOYS", "40"))
"""Each waits for the requests of a second that are in flight at its cutover."""
RATE = 500.0
ACTOR = Actor(user="test", host=socket.gethostname(), pid=os.getpid(), command="rollout deploy")

pytestmark = pytest.mark.slow
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads the process table of Linux")


@pytest.mark.busy
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("replicas", "deploys"), [(1, DEPLOYS), (2, max(4, DEPLOYS // 5))], ids=["one", "two"])
async def test_deploys_in_a_row_drop_nothing(replicas: int, deploys: int) -> None:
    async with embedded_session(ACTOR, replicas=replicas) as session:
        # What the watch is for is tested elsewhere; here every second goes into cutovers.
        session.spec = replace(session.spec, watch=replace(session.spec.watch, window=0.1))
        url = session.spec.smoke.url.removesuffix("/health")
        slow = {"slow_path": "/slow?s=1", "slow_rate": 8.0}  # eight in flight at any moment
        async with Traffic(url, rate=RATE, max_seconds=800, max_requests=400_000, **slow) as traffic:
            await asyncio.to_thread(traffic.wait_for, 1500)
            for number in range(1, deploys + 1):
                outcome = await session.run(Request(action=Action.DEPLOY))
                assert outcome.result is Result.DONE, outcome.message
                assert outcome.active is (Color.GREEN if number % 2 else Color.BLUE)
            await asyncio.to_thread(traffic.wait_for, 500)
        report = traffic.report
        report.assert_clean(at_least=deploys * 500)
        assert set(report.releases) == {f"{('green', 'blue')[v % 2]}/v{v}" for v in range(1, deploys + 2)}
        # At every cutover some of the slow requests were in flight: each deploy took long enough to drain them.
        assert report.sent["slow kept"] + report.sent["slow fresh"] >= 4 * deploys
        assert {kind for kind in report.sent if kind.endswith("fresh")} == {"GET fresh", "POST fresh", "slow fresh"}
        assert (await session.observe()).drift is None


def family(root: int) -> set[int]:
    """All that a process has started, directly or not, and that still runs."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if entry.name.isdigit():
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return {pid for pid in found if alive(pid)}


def all_gone(processes: set[int], within: float = 60.0) -> None:
    until = time.monotonic() + within
    while left := [pid for pid in processes if alive(pid)]:
        assert time.monotonic() < until, f"these are left: {left}"
        time.sleep(0.05)


@contextmanager
def demo(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`rollout demo --headless` as a process, with its temporary files in the directory."""
    process = subprocess.Popen(
        [*ROLLOUT, "demo", "--headless", *arguments],
        cwd=directory,
        env=shell_environment() | {"TMPDIR": str(directory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told_up_to(process: subprocess.Popen[str], text: str) -> str:
    """Read the narration up to a line that contains the text; returns that line."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    pytest.fail(f"the narration ended without {text!r}")


@linux
@pytest.mark.timeout(300)
def test_the_demo_prints_its_receipt_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--deploys", "3") as process:
        started: set[int] = set()
        for number in (1, 2, 3):
            told_up_to(process, f"deploy {number} of 3")
            told_up_to(process, "read back: ")
            started |= family(process.pid)
        output, narration = process.communicate(timeout=150)
    assert process.returncode == 0, narration
    assert "Traceback" not in narration
    assert output.startswith("receipt 3: deploy of demo")
    assert "keep blue as warm standby" in output
    assert len(started) >= 3 + 4, "nginx with its workers, and a replica for each release"
    all_gone(started)
    assert not list(tmp_path.iterdir())


@linux
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_demo_ends_safely_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path, "--deploys", "50") as process:
        told_up_to(process, "deploy 2 of 50")
        told_up_to(process, "read back: ")
        started = family(process.pid)
        process.send_signal(number)
        _, narration = process.communicate(timeout=150)
    assert process.returncode == 130, narration
    assert "Traceback" not in narration
    assert f"{number.name}: ending safely" in narration
    all_gone(started)
    assert not list(tmp_path.iterdir())


@linux
@pytest.mark.timeout(300)
def test_a_killed_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--deploys", "50", "--replicas", "2") as process:
        told_up_to(process, "read back: ")
        started = family(process.pid)
        assert len(started) >= 3 + 4, "nginx with its workers, and two replicas of each color"
        process.kill()
        process.wait(60)
        all_gone(started)


@linux
@pytest.mark.timeout(300)
def test_a_demo_that_is_kept_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    with demo(tmp_path, "--deploys", "1", "--keep") as process:
        line = told_up_to(process, "it goes on serving at")
        url = line.partition("serving at ")[2].split()[0].removesuffix("/health")
        with Traffic(url, rate=100.0, slow_path=None) as traffic:
            traffic.wait_for(100)
        traffic.report.assert_clean(at_least=100)
        assert set(traffic.report.releases) == {"green/v2"}
        started = family(process.pid)
        process.send_signal(signal.SIGINT)
        _, narration = process.communicate(timeout=150)
    assert process.returncode == 0, narration
    all_gone(started)
    assert not list(tmp_path.iterdir())
