"""The reference stack on real Docker: a deploy, a drain, a cutover and a rollback by keys, under load."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.stack import ROOT, ReferenceStack
from tests.tui.terminal import Terminal, missing_tmux

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.skipif(bool(missing_tmux), reason=missing_tmux or "-")]


@pytest.mark.timeout(700)
def test_a_day_by_keys_on_real_docker_drops_nothing(
    reference_stack: ReferenceStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in [name for name in os.environ if name.startswith(("COMPOSE_", "ROLLOUT_"))]:
        monkeypatch.delenv(name)
    reference_stack.run(sys.executable, "-m", "console.cli.main", "up", deadline=240)
    with Terminal(directory=reference_stack.directory) as terminal:
        terminal.wait_for("blue", "serves", "healthy")
        terminal.act("L", "synthetic")
        terminal.wait_for("0 dropped /", "seen  blue 100 %")
        terminal.act("D", "deploy: blue serves, target green", "--load")
        terminal.wait_for("4 rollout  2  deploy", "green", "done: 0 dropped", "R rollback ready: blue")
        terminal.act("X", "drain")
        terminal.wait_for("4 rollout  3  drain", "done:")
        terminal.act("C", "cutover: green serves, target blue")
        terminal.wait_for("4 rollout  4  cutover", "done: 0 dropped")
        terminal.act("R", "rollback: blue serves, target green")
        seen = terminal.wait_for("4 rollout  5  rollback", "done: 0 dropped")
        assert "live  green" in seen
        assert "✓" in seen
        terminal.press("l")
        terminal.wait_for("logs", "following")
        terminal.press("Escape")
        terminal.wait_for("1 colors")
        terminal.press("q")
        terminal.wait_for("EXIT=0")
    assert reference_stack.changed_files() == ""
