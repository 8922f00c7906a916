"""The terminal goes away, or stalls: the rollout does not."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from console.model.plan import Action
from console.model.request import Request, Result
from tests.tui.pilot import opened
from tests.tui.pseudo_terminal import PseudoTerminal

LONG_WATCH = ("-m", "tests.tui.long_watch")
"""And seconds: the rollout goes on until the test has done what it has to do in it."""


@pytest.mark.slow
def test_a_lost_link_in_mid_rollout_lets_it_reach_its_end(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path, words=(*LONG_WATCH, "8", "demo")) as terminal:
        terminal.shows("serves", "dropped")
        terminal.deploy()
        terminal.wait_for("step_started", step="await-ready")
        terminal.hang_up()
        finished = terminal.wait_for("rollout_finished")
        assert (finished["outcome"], finished["active"]) == ("done", "green")
        assert terminal.process.wait(90) == 0


@pytest.mark.slow
def test_a_sighup_in_mid_rollout_gives_the_terminal_back_and_lets_it_reach_its_end(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path, words=(*LONG_WATCH, "8", "demo")) as terminal:
        terminal.shows("serves", "dropped")
        terminal.deploy()
        terminal.wait_for("step_started", step="await-ready")
        terminal.process.send_signal(signal.SIGHUP)
        finished = terminal.wait_for("rollout_finished")
        assert (finished["outcome"], finished["active"]) == ("done", "green")
        assert terminal.ended() == 0
        assert terminal.restored


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_in_mid_rollout_is_on_record_and_gives_the_terminal_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    with PseudoTerminal(tmp_path, words=(*LONG_WATCH, "30", "demo")) as terminal:
        terminal.shows("serves", "dropped")
        terminal.deploy()
        terminal.wait_for("step_started", step="await-ready")
        terminal.process.send_signal(number)
        asked = terminal.wait_for("abort_requested")
        assert asked["by"] == number.name
        finished = terminal.wait_for("rollout_finished")
        assert finished["active"] == ("green" if finished["outcome"] == "done" else "blue"), "a safe point"
        assert terminal.ended() in {0, 130}
        assert terminal.restored
        assert "the rollout ends safely" in terminal.screen


async def test_a_screen_that_stands_still_delays_no_step_of_the_engine() -> None:
    async with opened() as console:
        future = console.engine.submit(lambda desk: desk.carry_out(Request(action=Action.DEPLOY), None))
        # The screen's own loop stands still meanwhile, as it does behind a stalled terminal.
        assert future.result(60.0).result is Result.DONE
        await asyncio.sleep(0)
        await console.shows("4 rollout  1  deploy", "done:")
