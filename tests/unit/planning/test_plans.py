"""Every plan as a whole, against the text in `plans/`: what `--plan` prints and the dialogs show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.model.plan import Action, Plan
from console.model.request import ImageSource, Request
from console.model.spec import WatchSpec
from console.planning.recovery import adopt, finish
from console.planning.rollback import revert
from console.planning.strategy import plan_for
from tests.unit.planning.situations import BLUE, BUILDABLE, GREEN, SPEC, release, replicas, situation

PLANS = Path(__file__).parent / "plans"

DEPLOY = Request(action=Action.DEPLOY)
ROLLBACK = Request(action=Action.ROLLBACK)
BLUE_RUNS = replicas(BLUE, 1)
GREEN_RUNS = replicas(GREEN, 2)
BOTH = (BLUE_RUNS, GREEN_RUNS)
HISTORY = (release(2, GREEN), release(1, BLUE))
TWO_REPLICAS = replace(BUILDABLE, replicas=2)
UNWATCHED = replace(SPEC, watch=WatchSpec(window=0.0))

CASES: dict[str, Callable[[], Plan]] = {
    "deploy-to-a-stack-that-never-had-a-cutover": lambda: plan_for(
        situation(BLUE_RUNS, generation=0, recorded=None), DEPLOY
    ),
    "deploy-over-the-warm-standby-building-two-replicas": lambda: plan_for(
        situation(
            replicas(BLUE, 1, running=2), replicas(GREEN, 2, running=2), active=GREEN, recorded=GREEN, spec=TWO_REPLICAS
        ),
        DEPLOY,
    ),
    "deploy-of-a-named-image-that-must-be-pulled": lambda: plan_for(
        situation(BLUE_RUNS, image_present=False), replace(DEPLOY, image="shop:9")
    ),
    "deploy-without-cutover": lambda: plan_for(
        situation(BLUE_RUNS), replace(DEPLOY, cutover=False, source=ImageSource.LOCAL)
    ),
    "deploy-unwatched": lambda: plan_for(situation(BLUE_RUNS, spec=UNWATCHED), DEPLOY),
    "cutover": lambda: plan_for(situation(*BOTH), Request(action=Action.CUTOVER)),
    "rollback-to-the-warm-standby": lambda: plan_for(situation(*BOTH, active=GREEN, releases=HISTORY), ROLLBACK),
    "rollback-to-a-retired-color": lambda: plan_for(
        situation(replicas(BLUE, 1, running=0, stopped=1), GREEN_RUNS, active=GREEN, releases=HISTORY), ROLLBACK
    ),
    "rollback-to-a-color-that-is-gone": lambda: plan_for(
        situation(GREEN_RUNS, active=GREEN, releases=HISTORY), ROLLBACK
    ),
    "rollback-to-a-numbered-release": lambda: plan_for(
        situation(*BOTH, active=GREEN, releases=(*HISTORY, release(0, BLUE, made=7))), replace(ROLLBACK, to_release=0)
    ),
    "drain": lambda: plan_for(situation(*BOTH), Request(action=Action.DRAIN)),
    "retire": lambda: plan_for(situation(*BOTH), Request(action=Action.RETIRE)),
    "up-from-nothing": lambda: plan_for(situation(generation=0, recorded=None), Request(action=Action.UP)),
    "up-of-what-is-settled": lambda: plan_for(situation(BLUE_RUNS), Request(action=Action.UP)),
    "recover-by-finishing": lambda: finish(situation(*BOTH, active=GREEN), GREEN),
    "recover-by-finishing-alone": lambda: finish(situation(GREEN_RUNS, active=GREEN), GREEN),
    "recover-by-adopting": lambda: adopt(situation(*BOTH), BLUE),
    "the-way-back-after-a-failed-watch": lambda: revert(situation(*BOTH, active=GREEN), BLUE),
}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_reads_exactly_as_agreed(name: str) -> None:
    assert CASES[name]().render() == (PLANS / f"{name}.txt").read_text()


def test_every_agreed_text_has_its_plan() -> None:
    assert {path.stem for path in PLANS.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_every_step_needs_the_success_of_the_one_before_it(name: str) -> None:
    steps = CASES[name]().steps
    assert [step.after for step in steps] == [(), *((step.id,) for step in steps[:-1])]


@pytest.mark.parametrize("name", CASES)
def test_planning_is_a_function_of_what_was_seen(name: str) -> None:
    assert CASES[name]() == CASES[name]()


@pytest.mark.parametrize("name", CASES)
def test_every_wait_has_a_deadline(name: str) -> None:
    untimed = [step.id for step in CASES[name]().steps if step.deadline is None]
    assert untimed in ([], ["keep-warm"])
