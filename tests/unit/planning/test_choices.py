"""What strategies choose: where an image comes from, what a rollback brings back, which generation is next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.observed import Live, Replica, Upstream, UpstreamObserved
from console.model.plan import Action, Plan
from console.model.release import Release
from console.model.request import ImageSource, Request
from console.model.steps import BuildImage, PullImage, ResolveImage, StartReplicas, WriteUpstream
from console.planning.recovery import adopt, finish
from console.planning.strategy import plan_for
from tests.unit.planning.situations import (
    BLUE,
    BUILDABLE,
    GREEN,
    SPEC,
    image,
    release,
    replicas,
    situation,
)

BLUE_RUNS = replicas(BLUE, 1)
GREEN_RUNS = replicas(GREEN, 2)
AUTO, BUILD, PULL, LOCAL = ImageSource.AUTO, ImageSource.BUILD, ImageSource.PULL, ImageSource.LOCAL
ROLLBACK = Request(action=Action.ROLLBACK)


def only(plan: Plan, *kinds: type) -> object:
    (found,) = (planned.step for planned in plan.steps if isinstance(planned.step, kinds))
    return found


@pytest.mark.parametrize(
    ("source", "name", "buildable", "present", "chosen"),
    [
        (AUTO, None, True, True, BuildImage(color=GREEN)),
        (AUTO, None, True, False, BuildImage(color=GREEN)),
        (AUTO, None, False, True, ResolveImage(color=GREEN, reference="shop:2")),
        (AUTO, None, False, False, PullImage(color=GREEN, reference="shop:2")),
        (AUTO, "shop:9", True, True, ResolveImage(color=GREEN, reference="shop:9")),
        (AUTO, "shop:9", True, False, PullImage(color=GREEN, reference="shop:9")),
        (BUILD, None, True, True, BuildImage(color=GREEN)),
        (BUILD, "shop:9", True, True, BuildImage(color=GREEN)),
        (PULL, None, True, True, PullImage(color=GREEN, reference="shop:2")),
        (PULL, "shop:9", False, True, PullImage(color=GREEN, reference="shop:9")),
        (LOCAL, None, True, False, ResolveImage(color=GREEN, reference="shop:2")),
        (LOCAL, "shop:9", False, False, ResolveImage(color=GREEN, reference="shop:9")),
    ],
)
def test_an_image_is_built_pulled_or_used_as_asked(
    source: ImageSource, name: str | None, *, buildable: bool, present: bool, chosen: object
) -> None:
    seen = situation(BLUE_RUNS, spec=BUILDABLE if buildable else SPEC, image_present=present)
    plan = plan_for(seen, Request(action=Action.DEPLOY, image=name, source=source))
    assert only(plan, BuildImage, PullImage, ResolveImage) == chosen


@pytest.mark.parametrize("active", list(Color))
def test_a_deploy_always_goes_to_the_color_that_is_not_active(active: Color) -> None:
    plan = plan_for(situation(BLUE_RUNS, GREEN_RUNS, active=active), Request(action=Action.DEPLOY))
    assert (plan.target, plan.previous) == (active.other, active)
    assert {getattr(step.step, "color", plan.target) for step in plan.steps if step.stage == "prepare"} == {plan.target}


@pytest.mark.parametrize(
    ("file", "live", "following"), [(4, 4, 5), (7, 4, 8), (4, 7, 8), (None, 7, 8), (None, None, 1)]
)
def test_the_next_generation_is_higher_than_any_that_is_written_or_live(
    file: int | None, live: int | None, following: int
) -> None:
    seen = situation(BLUE_RUNS)
    upstream = UpstreamObserved(
        configured=None if file is None else Upstream(generation=file, color=BLUE, servers=("app:8000",)),
        live=None if live is None else Live(generation=live, color=BLUE, served=None),
    )
    seen = replace(seen, observed=replace(seen.observed, upstream=upstream))
    assert seen.upstream(GREEN) == Upstream(generation=following, color=GREEN, servers=("app_green:8000",))


def brought_back(idle: tuple[Replica, ...], *history: Release, to: int | None = None) -> list[str]:
    """The titles of the steps that make blue run what a rollback wants, while green serves release 2."""
    plan = plan_for(situation(idle, GREEN_RUNS, active=GREEN, releases=history), replace(ROLLBACK, to_release=to))
    titles = [step.title for step in plan.steps]
    return titles[1 : titles.index("wait until blue is ready (2 answers on /ready)")]


def test_a_warm_standby_gets_the_traffic_as_it_is() -> None:
    assert brought_back(BLUE_RUNS, release(2, GREEN), release(1, BLUE)) == []


def test_a_standby_of_which_a_replica_is_down_is_started_again() -> None:
    partly = replicas(BLUE, 1, running=1, stopped=1)
    assert brought_back(partly, release(2, GREEN), release(1, BLUE)) == ["start blue again"]


def test_without_any_history_the_idle_color_is_taken_as_it_is() -> None:
    assert brought_back(replicas(BLUE, 1, running=0, stopped=1)) == ["start blue again"]


@pytest.mark.parametrize("running", [0, 1])
def test_what_failed_before_its_cutover_is_no_way_back(running: int) -> None:
    failed = replicas(BLUE, 3, running=running, stopped=1 - running)
    assert brought_back(failed, release(2, GREEN), release(1, BLUE)) == [
        "use image shop:1 of release 1",
        "remove old blue replicas",
        "start blue (1 replica)",
    ]


def test_what_was_withdrawn_is_no_way_back_unless_it_is_named() -> None:
    withdrawn = replicas(BLUE, 3, running=0, stopped=1)
    history = (release(2, GREEN), release(3, BLUE, withdrawn=True), release(1, BLUE))
    assert brought_back(withdrawn, *history)[0] == "use image shop:1 of release 1"
    assert brought_back((), *history)[0] == "use image shop:1 of release 1"
    assert brought_back(withdrawn, *history, to=3) == ["start blue again"]


def test_the_image_that_serves_prepared_anew_but_stopped_is_no_way_back() -> None:
    same_image = tuple(replace(one, config_hash="new") for one in replicas(BLUE, 2, running=0, stopped=1))
    assert brought_back(same_image, release(2, GREEN), release(1, BLUE))[0] == "use image shop:1 of release 1"


def test_the_same_image_deployed_twice_leaves_a_warm_standby_too() -> None:
    again = (release(2, GREEN), release(1, BLUE, made=2))
    assert brought_back(replicas(BLUE, 2), *again) == []


def test_a_numbered_release_that_the_idle_color_holds_is_not_created_anew() -> None:
    assert brought_back(BLUE_RUNS, release(2, GREEN), release(1, BLUE), to=1) == []


def test_a_release_that_is_created_anew_keeps_its_number_and_its_name() -> None:
    seen = situation(GREEN_RUNS, active=GREEN, releases=(release(2, GREEN), release(1, BLUE)))
    plan = plan_for(seen, ROLLBACK)
    assert only(plan, ResolveImage) == ResolveImage(color=BLUE, reference=image(1).id, release=1, name="shop:1")


def test_every_replica_comes_back() -> None:
    seen = situation(GREEN_RUNS, active=GREEN, spec=replace(SPEC, replicas=3), releases=(release(1, BLUE),))
    assert only(plan_for(seen, ROLLBACK), StartReplicas) == StartReplicas(color=BLUE, replicas=3, migrate=False)


def test_a_finish_that_fails_goes_back_to_the_other_color_and_an_adoption_nowhere() -> None:
    seen = situation(BLUE_RUNS, GREEN_RUNS, active=GREEN)
    assert finish(seen, GREEN).rollback_to is BLUE
    adopted = adopt(seen, GREEN)
    assert adopted.rollback_to is None
    assert only(adopted, WriteUpstream) == WriteUpstream(
        upstream=Upstream(generation=5, color=GREEN, servers=("app_green:8000",))
    )
