"""Panel 4 where there is little room: what is waited for, how long, whether a hold was asked for, and what failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.events import RolloutFinished, Warned
from console.model.phase import Phase
from console.observe.rollout import RolloutView, StepStatus, StepView
from console.tui.board import Board
from console.tui.paint import Rows, text_of, width_of
from console.tui.widgets.rollout import rollout_rows
from tests.tui.boards import NOW, board

WIDTH, HEIGHT = 76, 4
"""Of the panel at 80x24."""
DONE = StepView(title="start green", id="start", status=StepStatus.SUCCEEDED, seconds=0.4)
READY = StepView(
    title="wait until green is ready (2 answers on /ready)",
    id="await-ready",
    status=StepStatus.RUNNING,
    began=NOW - 2,
    deadline=60.0,
    waiting="demo-app_green-1: status 503 instead of 200 (0 of 2 in a row), demo-app_green-2: status 503",
)


def shown(*steps: StepView, held: bool = False) -> Board:
    rollout = RolloutView(
        number=3, action="deploy", target=Color.GREEN, previous=Color.BLUE, user="ann", host="prod-1", pid=1,
        command="rollout deploy", began=NOW - 3, updated=NOW, phase=Phase.PREPARING, steps=steps,
    )  # fmt: skip
    known = board()
    return replace(known, own=rollout, sample=replace(known.sample, held=held))


def text(rows: Rows) -> str:
    return "\n".join(text_of(row) for row in rows)


def test_a_long_wait_tells_what_for_how_long_and_that_a_hold_was_asked_for() -> None:
    rows = rollout_rows(shown(DONE, READY, held=True), WIDTH, HEIGHT)
    for words in ("status 503 instead", "green-2: status 503", "58 s left", "(hold asked for)", "start 0.4s"):
        assert words in text(rows)
    assert len(rows) <= HEIGHT
    assert all(width_of(row) <= WIDTH for row in rows)


def test_the_seconds_left_stay_in_their_columns_while_what_is_waited_for_changes() -> None:
    first, second = (
        rollout_rows(shown(DONE, replace(READY, waiting=waiting)), WIDTH, HEIGHT)[1]
        for waiting in (READY.waiting, READY.waiting + ", and more than that")
    )
    assert first == second


def test_a_short_wait_takes_one_row() -> None:
    rows = rollout_rows(shown(DONE, replace(READY, waiting="no answer")), WIDTH, HEIGHT)
    assert text(rows[1:]) == f"● {READY.title}: no answer, 58 s left"


def test_the_step_that_failed_stays_whatever_was_done_after_it() -> None:
    steps = [replace(DONE, id=f"step-{number}") for number in range(9)]
    after = [replace(DONE, id=f"way-back-{number}") for number in range(14)]
    failed = replace(DONE, id="watch", status=StepStatus.FAILED)
    rows = rollout_rows(shown(*steps, failed, *after), WIDTH, HEIGHT)
    assert "✗ watch" in text(rows)
    assert "✓ way back 13" in text(rows)
    assert "step 0" not in text(rows)
    assert len(rows) <= HEIGHT


@pytest.mark.parametrize(
    ("count", "told"), [(0, ""), (1, " ! 1 warning, e shows it"), (2, " ! 2 warnings, e shows them")]
)
def test_a_rollout_that_warned_says_so_when_it_has_ended_and_where_it_is_told(count: int, told: str) -> None:
    known = shown(replace(DONE, id="keep-warm"))
    finished = RolloutFinished(outcome="done", exit_code=0, active=Color.GREEN, seconds=3.0, message="green serves")
    assert known.own is not None
    ended = replace(known.own, phase=Phase.DONE, finished=finished, warnings=(Warned(text="careful"),) * count)
    rows = rollout_rows(replace(known, own=ended), WIDTH, HEIGHT)
    assert text(rows[-1:]) == f"done: green serves{told}"
