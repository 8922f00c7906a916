"""The console as a person meets it: in tmux, on the embedded stack, under load."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.tui.demo_journal import DemoJournal
from tests.tui.terminal import PATIENCE, Terminal, missing_tmux

pytestmark = [
    pytest.mark.skipif(bool(missing_tmux), reason=missing_tmux or "-"),
    pytest.mark.slow,
]

PATIENT = ("-m", "tests.tui.long_watch", "12")
"""The command, watching for longer than a busy machine takes to see that a rollout began, and to press a key in it."""


@pytest.fixture
def demo() -> Iterator[Terminal]:
    """The demo, open, with its load running."""
    with Terminal("demo") as terminal:
        terminal.wait_for("blue v1 serves", "200/s", "dropped")
        yield terminal


@pytest.fixture
def journal(tmp_path: Path) -> DemoJournal:
    """Of the demo below."""
    return DemoJournal(tmp_path)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Terminal]:
    """The demo, open, with its load running; its rollouts last until the test has done what it has to do in them."""
    with Terminal("demo", environment={"TMPDIR": str(tmp_path)}, program=PATIENT) as terminal:
        terminal.wait_for("blue v1 serves", "200/s", "dropped")
        yield terminal


def test_a_deploy_a_drain_a_cutover_and_a_rollback_by_keys_drop_nothing(demo: Terminal) -> None:
    demo.act("D", "deploy: blue serves, target green", "$ rollout deploy --load 200")
    demo.wait_for("green v2 serves", "4 rollout  1  deploy", "done: 0 dropped", "R rollback ready: blue v1")
    demo.act("X", "drain")
    demo.wait_for("4 rollout  2  drain", "done:")
    demo.act("C", "cutover: green serves, target blue", "from here on traffic moves")
    demo.wait_for("blue v1 serves", "4 rollout  3  cutover", "done: 0 dropped")
    demo.act("R", "rollback: blue serves, target green")
    seen = demo.wait_for("green v2 serves", "4 rollout  4  rollback", "done: 0 dropped")
    assert "0 dropped /" in seen
    demo.press("q")
    demo.wait_for("EXIT=0")
    assert not demo.alternate


def test_a_release_that_fails_under_traffic_is_rolled_back_on_screen(watching: Terminal) -> None:
    watching.ask("F", "rehearse a failure")
    watching.answer("2", "rehearse a failure")
    watching.agree("app@late-error-500")
    watching.wait_for("ROLLED BACK", "blue v1 serves")


def test_leaving_in_mid_rollout_asks_and_goes_on_in_lines(watching: Terminal, journal: DemoJournal) -> None:
    watching.act("D", "deploy")
    journal.wait_for("step_started", step="await-ready")
    watching.press("q")
    watching.answer("p", "a rollout is running")
    seen = watching.wait_for("EXIT=0", "green serves")
    assert "the rollout goes on here" in seen
    assert not watching.alternate


def test_a_sigterm_in_mid_rollout_ends_it_safely_and_gives_the_terminal_back(
    watching: Terminal, journal: DemoJournal
) -> None:
    watching.act("D", "deploy")
    journal.wait_for("step_started", step="await-ready")
    (pid,) = watching.pids()
    os.kill(pid, signal.SIGTERM)
    seen = watching.wait_for("EXIT=")
    assert "SIGTERM" in seen
    assert "EXIT=130" in seen or "EXIT=0" in seen
    assert not watching.alternate


def test_the_screen_follows_the_terminal_s_size_also_behind_a_dialog(demo: Terminal) -> None:
    demo.ask("D", "y do it")
    demo.resize(60, 18)
    demo.wait_for("y do it", "$ rollout deploy")
    demo.press("Escape")
    demo.wait_for("1 colors", gone="2 requests")
    demo.press("Tab")
    demo.wait_for("2 requests", gone="1 colors")
    demo.resize(120, 40)
    demo.wait_for("1 colors", "2 requests", "5 events")


def test_a_killed_tmux_session_lets_the_rollout_reach_its_end(tmp_path: Path) -> None:
    journal = DemoJournal(tmp_path)
    with Terminal("demo", environment={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("blue v1 serves", "200/s", "dropped")
        (pid,) = terminal.pids()
        terminal.act("D", "deploy")
        journal.wait_for("step_started", step="await-ready")
        terminal.kill()
        finished = journal.wait_for("rollout_finished")
        assert (finished["outcome"], finished["active"]) == ("done", "green")
        deadline = time.monotonic() + PATIENCE
        while psutil.pid_exists(pid):
            assert time.monotonic() < deadline, "the console outlived its rollout"
            time.sleep(0.1)
