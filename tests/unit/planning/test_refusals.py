"""What is not planned, in which words, and what to type instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.errors import RefusedError
from console.model.plan import Action, Plan, PlannedStep, Stage
from console.model.request import ImageSource, Request
from console.model.steps import Preflight
from console.planning.situation import Situation
from console.planning.strategy import plan_for
from tests.unit.planning.situations import BLUE, BUILDABLE, GREEN, SPEC, release, replicas, situation

BLUE_RUNS = replicas(BLUE, 1)
GREEN_RUNS = replicas(GREEN, 2)
GREEN_STOPPED = replicas(GREEN, 2, running=0, stopped=2)
NAMELESS = replace(SPEC, images={})

REFUSALS: dict[str, tuple[Situation, Request, str, str]] = {
    "a build of a service that has nothing to build": (
        situation(BLUE_RUNS),
        Request(action=Action.DEPLOY, source=ImageSource.BUILD),
        "could not build green: the service app_green has no build section",
        "rollout deploy --image REF",
    ),
    "a deploy of no known image": (
        situation(BLUE_RUNS, spec=NAMELESS),
        Request(action=Action.DEPLOY),
        "could not deploy: no image is known for green",
        "rollout deploy --image REF",
    ),
    "a pull of no known image": (
        situation(BLUE_RUNS, spec=replace(NAMELESS, buildable=BUILDABLE.buildable)),
        Request(action=Action.DEPLOY, source=ImageSource.PULL),
        "could not deploy: no image is known for green",
        "rollout deploy --image REF",
    ),
    "a cutover to nothing": (
        situation(BLUE_RUNS),
        Request(action=Action.CUTOVER),
        "could not cut over to green: green has no running replica",
        "rollout deploy",
    ),
    "a cutover to what was retired": (
        situation(BLUE_RUNS, GREEN_STOPPED),
        Request(action=Action.CUTOVER),
        "could not cut over to green: green has no running replica",
        "rollout deploy",
    ),
    "a drain of the only color that serves": (
        situation(BLUE_RUNS),
        Request(action=Action.DRAIN, color=BLUE),
        "could not drain blue: blue is the only color that serves",
        "rollout deploy",
    ),
    "a drain of the color that serves beside a warm standby": (
        situation(BLUE_RUNS, GREEN_RUNS),
        Request(action=Action.DRAIN, color=BLUE),
        "could not drain blue: blue is the only color that serves",
        "rollout cutover",
    ),
    "a drain of nothing": (
        situation(BLUE_RUNS, GREEN_STOPPED),
        Request(action=Action.DRAIN),
        "could not drain green: green has no running replica",
        "rollout status",
    ),
    "a retirement of nothing": (
        situation(BLUE_RUNS),
        Request(action=Action.RETIRE),
        "could not retire green: green has no running replica",
        "rollout status",
    ),
    "a rollback without any earlier release": (
        situation(BLUE_RUNS, releases=(release(1, BLUE),)),
        Request(action=Action.ROLLBACK),
        "could not roll back: green has no containers and the history knows no earlier release",
        "rollout deploy --image REF",
    ),
    "a rollback to a color that was only prepared": (
        situation(BLUE_RUNS, GREEN_RUNS, releases=(release(1, BLUE),)),
        Request(action=Action.ROLLBACK),
        "could not roll back: green holds a release that never served and the history knows no earlier release",
        "rollout cutover",
    ),
    "a rollback to a release that nobody knows": (
        situation(BLUE_RUNS, releases=(release(4, BLUE), release(1, GREEN))),
        Request(action=Action.ROLLBACK, to_release=9),
        "could not roll back to release 9: no such release is in the history (known: 4, 1)",
        "rollout history",
    ),
    "a rollback to a release of an empty history": (
        situation(BLUE_RUNS),
        Request(action=Action.ROLLBACK, to_release=1),
        "could not roll back to release 1: no such release is in the history (known: none)",
        "rollout history",
    ),
    "a rollback to what serves": (
        situation(BLUE_RUNS, releases=(release(1, BLUE), release(2, GREEN))),
        Request(action=Action.ROLLBACK, to_release=1),
        "could not roll back to release 1: it is what serves",
        "rollout history",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_plan_that_makes_no_sense_is_refused_with_the_next_command(name: str) -> None:
    seen, request, words, command = REFUSALS[name]
    with pytest.raises(RefusedError) as refused:
        plan_for(seen, request)
    assert str(refused.value) == words
    assert refused.value.next_command == command
    assert "nothing was changed" in refused.value.now


def test_a_recovery_needs_a_choice() -> None:
    with pytest.raises(RefusedError, match="it needs a choice") as refused:
        plan_for(situation(BLUE_RUNS), Request(action=Action.RECOVER))
    assert (refused.value.now, refused.value.next_command) == ("nothing was changed", "rollout recover")


def step(name: str, *after: str) -> PlannedStep:
    return PlannedStep(id=name, step=Preflight(), title=name, stage=Stage.PREPARE, cause="", deadline=1.0, after=after)


def test_a_plan_with_two_steps_of_one_name_is_no_plan() -> None:
    with pytest.raises(ValueError, match="two steps are called 'a'"):
        Plan(action=Action.DEPLOY, target=GREEN, previous=BLUE, steps=(step("a"), step("a")))


@pytest.mark.parametrize("steps", [(step("a", "b"),), (step("a", "b"), step("b"))])
def test_a_plan_whose_step_needs_what_does_not_come_before_it_is_no_plan(steps: tuple[PlannedStep, ...]) -> None:
    with pytest.raises(ValueError, match="step 'a' comes before b"):
        Plan(action=Action.DEPLOY, target=GREEN, previous=BLUE, steps=steps)


def test_a_plan_of_nothing_renders_its_head_alone() -> None:
    plan = Plan(action=Action.RETIRE, target=None, previous=BLUE, steps=())
    assert plan.render() == "retire: blue serves\n"
