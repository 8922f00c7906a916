"""The reference stack on real Docker: a deploy, a drain, a cutover and a rollback by keys, under load."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.stack import ROOT, ReferenceStack
from tests.tui.terminal import Terminal, missing_tmux

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.skipif(bool(missing_tmux), reason=missing_tmux or "-")]


@pytest.mark.timeout(400)
def test_a_day_by_keys_on_real_docker_drops_nothing(
    reference_stack: ReferenceStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in [name for name in os.environ if name.startswith(("COMPOSE_", "ROLLOUT_"))]:
        monkeypatch.delenv(name)
    reference_stack.run(sys.executable, "-m", "console.cli.main", "up", deadline=240)
    with Terminal(directory=reference_stack.directory) as terminal:
        terminal.wait_for("blue", "serves", "healthy")
        terminal.press("L")
        terminal.agree("synthetic")
        terminal.wait_for("0 dropped /", "seen  blue 100 %")
        terminal.press("D")
        terminal.agree("deploy: blue serves, target green", "--load")
        terminal.wait_for("rollout 2 done", "green", "done: 0 dropped", "R rollback ready: blue")
        terminal.press("X")
        terminal.agree("drain")
        terminal.wait_for("rollout 3 done")
        terminal.press("C")
        terminal.agree("cutover: green serves, target blue")
        terminal.wait_for("rollout 4 done", "done: 0 dropped")
        terminal.press("R")
        terminal.agree("rollback: blue serves, target green")
        seen = terminal.wait_for("rollout 5 done", "done: 0 dropped")
        assert "live  green" in seen
        assert "✓" in seen
        terminal.press("l")
        terminal.wait_for("logs", "following")
        terminal.press("Escape")
        terminal.wait_for("1 colors")
        terminal.press("q")
        terminal.wait_for("EXIT=0")
    assert reference_stack.changed_files() == ""
