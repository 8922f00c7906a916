"""From records to one rollout's state: the records are those that the engine really writes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from console.model.color import Color
from console.model.errors import ProxyRefusedError
from console.model.events import (
    AbortRequested,
    CommandRan,
    Event,
    Held,
    LogsKept,
    Record,
    RequestsCut,
    Resumed,
    RolloutFinished,
    RolloutStarted,
    StepFailed,
    StepProgressed,
    StepStarted,
    StepSucceeded,
    Warned,
)
from console.model.phase import Phase
from console.model.plan import Action
from console.model.request import Request
from console.observe.fold import fold, follow
from console.observe.rollout import RolloutView, StepStatus
from tests.fakes.stack import FakeStack, make_spec
from tests.support.events import STARTED

DEPLOY = Request(action=Action.DEPLOY, image="shop:2")


async def deployed(stack: FakeStack | None = None) -> tuple[RolloutView, FakeStack]:
    stack = stack or FakeStack(make_spec())
    await stack.session.run(DEPLOY)
    view = fold(stack.heard)
    assert view is not None
    return view, stack


def started(number: int = 1, *, plan: tuple[str, ...] = ()) -> Record:
    event = replace(STARTED, plan=plan)
    return Record(rollout=number, sequence=1, at="2026-01-01T00:00:00.000Z", event=event)


def after(*events: Event, number: int = 1, at: str = "2026-01-01T00:00:05.000Z") -> RolloutView:
    records = [Record(rollout=number, sequence=place, at=at, event=event) for place, event in enumerate(events, 2)]
    view = fold([started(number), *records])
    assert view is not None
    return view


def begun(
    step: str = "await-ready", title: str = "wait until green is ready", deadline: float | None = 60.0
) -> StepStarted:
    return StepStarted(step=step, title=title, stage="prepare", cause="it has to", deadline=deadline)


def epoch(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


async def test_a_deploy_that_went_well_has_every_step_of_its_plan_in_order_and_done() -> None:
    view, stack = await deployed()
    planned = next(event.plan for event in stack.events(RolloutStarted) if isinstance(event, RolloutStarted))
    assert len(view.steps) == len(planned) - 1
    assert {step.status for step in view.steps} == {StepStatus.SUCCEEDED}
    assert [step.id for step in view.steps] == [event.step for event in stack.events(StepStarted)]  # type: ignore[union-attr]
    assert all(step.seconds is not None and step.cause and step.stage for step in view.steps)
    assert (view.phase, view.over, view.done, view.step) == (Phase.DONE, True, len(view.steps), None)
    assert view.finished is not None
    assert view.finished.outcome == "done"
    assert view.serving is not None
    assert view.serving.color is Color.GREEN
    assert view.image is not None
    assert view.image.reference == "shop:2"


async def test_every_step_of_a_plan_is_there_before_it_begins() -> None:
    view, stack = await deployed()
    first = fold(stack.journal.kept[:1])
    assert first is not None
    assert {step.status for step in first.steps} == {StepStatus.PLANNED}
    assert [(step.title, step.cause) for step in first.steps] == [(step.title, step.cause) for step in view.steps]
    assert (first.step, first.waiting, first.phase) == (None, "", Phase.PLANNED)


async def test_record_by_record_leads_to_what_all_at_once_leads_to() -> None:
    whole, stack = await deployed()
    view: RolloutView | None = None
    for record in stack.heard:
        view = follow(view, record)
    assert view == whole


async def test_the_journal_alone_leads_to_the_same_end_as_the_bus() -> None:
    from_bus, stack = await deployed()
    assert any(isinstance(record.event, StepProgressed) for record in stack.heard)
    assert fold(stack.journal.kept) == from_bus


async def test_steps_that_a_refused_cutover_leaves_out_are_skipped_and_the_one_that_failed_says_why() -> None:
    stack = FakeStack(make_spec())
    stack.proxy.faults.raises["validate"] = ProxyRefusedError("test the configuration", "unknown directive")
    view, _ = await deployed(stack)
    failed = [step for step in view.steps if step.status is StepStatus.FAILED]
    assert [step.detail for step in failed] == ["unknown directive"]
    place = view.steps.index(failed[0])
    assert {step.status for step in view.steps[:place]} == {StepStatus.SUCCEEDED}
    assert {step.status for step in view.steps[place + 1 :]} == {StepStatus.SKIPPED}
    assert view.over


async def test_a_way_back_adds_its_own_steps_behind_those_of_the_plan() -> None:
    stack = FakeStack(make_spec())
    stack.proxy.fresh_failure = 500
    view, _ = await deployed(stack)
    assert view.phase is Phase.ROLLED_BACK
    back = [step for step in view.steps if step.id.startswith("rollback-")]
    assert back
    assert {step.status for step in back} == {StepStatus.SUCCEEDED}
    assert list(view.steps[-len(back) :]) == back
    assert StepStatus.SKIPPED in {step.status for step in view.steps}
    assert view.serving is not None
    assert view.serving.color is Color.BLUE


async def test_a_cancelled_rollout_says_which_step_was_cancelled() -> None:
    stack = FakeStack(make_spec())
    stack.runtime.faults.hangs.add("start")
    running = asyncio.create_task(stack.session.run(DEPLOY))
    await stack.runtime.faults.hanging.wait()
    half, elsewhere = fold(stack.heard), fold(stack.journal.kept)
    assert half is not None
    assert half.step is not None
    assert elsewhere is not None
    assert (half.waiting, elsewhere.waiting) == ("starting app_green", half.step.title)
    stack.session.abort("ann")
    await running
    view = fold(stack.heard)
    assert view is not None
    assert view.aborted_by == "ann"
    assert StepStatus.CANCELLED in {step.status for step in view.steps}
    assert view.step is None


async def test_the_newest_rollout_is_shown_or_the_one_that_is_asked_for() -> None:
    _, stack = await deployed()
    await stack.session.run(Request(action=Action.ROLLBACK))
    newest, first = fold(stack.journal.kept), fold(stack.journal.kept, number=1)
    assert newest is not None
    assert (newest.number, newest.action) == (2, "rollback")
    assert first is not None
    assert (first.number, first.action) == (1, "deploy")
    assert fold(stack.journal.kept, number=3) is None
    assert fold(()) is None


async def test_late_records_of_an_older_rollout_change_nothing() -> None:
    _, stack = await deployed()
    await stack.session.run(Request(action=Action.ROLLBACK))
    newest = fold(stack.journal.kept)
    late = Record(rollout=1, sequence=999, at="2026-01-01T01:00:00Z", event=AbortRequested(by="a ghost"))
    assert fold([*stack.journal.kept, late]) == newest


def test_a_running_step_says_what_it_waits_for_how_long_it_runs_and_how_long_it_may() -> None:
    view = after(begun(), StepProgressed(step="await-ready", text="1 of 2 are ready", remaining=55.0))
    assert view.step is not None
    now = epoch("2026-01-01T00:00:15.000Z")
    assert (view.waiting, view.step.elapsed(now), view.step.remaining(now)) == ("1 of 2 are ready", 10.0, 45.0)
    assert view.step.remaining(now + 3600) == 0.0
    assert view.elapsed(now) == 15.0
    assert after(begun()).steps[0].remaining(now) == 50.0, "it did not say: its deadline"


def test_a_step_without_a_deadline_and_one_that_ended_have_no_time_left() -> None:
    now = epoch("2026-01-01T00:00:15.000Z")
    (endless,) = after(begun(deadline=None)).steps
    assert endless.remaining(now) is None
    (ended,) = after(begun(), StepSucceeded(step="await-ready", seconds=1.5, detail="2 are")).steps
    assert (ended.remaining(now), ended.elapsed(now), ended.detail) == (None, 1.5, "2 are")


def test_commands_belong_to_the_step_that_ran_them_and_are_bounded() -> None:
    view = after(begun(), *(CommandRan(step="await-ready", command=f"docker {n}") for n in range(200)))
    assert view.steps[0].commands == tuple(f"docker {n}" for n in range(150, 200))


def test_a_held_rollout_waits_for_its_operator_until_it_is_resumed() -> None:
    assert after(Held(before_step="write")).waiting == "held before write"
    assert after(Held(before_step="write"), Resumed(before_step="write")).held_before == ""
    assert after(Held(before_step="write"), AbortRequested(by="ann")).held_before == ""
    assert after(Held(before_step="write"), begun()).held_before == ""


def test_what_was_cut_warned_of_and_kept_is_added_up() -> None:
    view = after(
        RequestsCut(color=Color.BLUE, count=2),
        RequestsCut(color=Color.BLUE, count=3),
        Warned(text="careful"),
        LogsKept(replica="green-1", lines=("boom",)),
    )
    assert (view.cut, [w.text for w in view.warnings], view.logs[0].lines) == (5, ["careful"], ("boom",))


def test_a_step_that_still_runs_when_its_rollout_has_ended_did_not_succeed() -> None:
    end = RolloutFinished(outcome="needs_human", exit_code=1, active=None, seconds=9.0, message="a defect")
    view = after(begun(), end)
    assert view.steps[0].status is StepStatus.FAILED
    assert view.elapsed(epoch("2026-01-01T01:00:00Z")) == 9.0


def test_a_step_that_is_run_again_is_another_step() -> None:
    failed = StepFailed(step="await-ready", seconds=1.0, attempted="wait", found="never")
    view = after(begun(), failed, begun(), StepSucceeded(step="await-ready", seconds=2.0, detail=""))
    assert [step.status for step in view.steps] == [StepStatus.FAILED, StepStatus.SUCCEEDED]


@pytest.mark.parametrize("event", [StepProgressed(step="", text="x"), CommandRan(step="gone", command="x")])
def test_what_belongs_to_no_known_step_is_left_out(event: Event) -> None:
    assert replace(after(begun(), event), updated=0.0) == replace(after(begun()), updated=0.0)


def test_a_plan_of_a_later_version_and_a_time_that_is_none_are_no_reason_to_fail() -> None:
    odd = started(plan=("deploy: blue serves", "", "no number here  at all", "  1  only a title"))
    view = fold([replace(odd, at="yesterday"), Record(rollout=1, sequence=2, at="?", event=begun())])
    assert view is not None
    assert [step.title for step in view.steps] == ["only a title", "wait until green is ready"]
    assert view.began == 0.0
