"""Killed at every record and every call to a port: what is true is told, and every way on ends well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.events import LockTakenOver, ReleaseFound, RolloutFinished, RolloutStarted, StepStarted, Warned
from console.model.observed import Observed
from console.model.plan import Action
from console.model.request import ImageSource, RecoveryChoice, Request, Result, Verdict
from tests.engine.invariants import assert_at_rest, assert_traffic_was_safe, flips_to_other
from tests.fakes.stack import FakeStack, make_spec
from tests.fakes.wreck import Wreck, revived, wrecks_during

BLUE, GREEN = Color.BLUE, Color.GREEN
DEPLOY = Request(action=Action.DEPLOY, image="shop:2")
ROLLBACK = Request(action=Action.ROLLBACK)
RESUMABLE = {Action.DEPLOY, Action.CUTOVER, Action.ROLLBACK}

Prepare = Callable[[FakeStack], Awaitable[None]]


async def nothing(_stack: FakeStack) -> None:
    pass


async def never_cut_over(stack: FakeStack) -> None:
    stack.proxy.file, stack.proxy.running, stack.proxy.generation = None, None, 0
    stack.active.color = None


async def deployed(stack: FakeStack) -> None:
    await stack.session.run(DEPLOY)


async def retired(stack: FakeStack) -> None:
    await deployed(stack)
    await stack.session.run(Request(action=Action.RETIRE))


async def standby_gone(stack: FakeStack) -> None:
    await deployed(stack)
    stack.runtime.containers[BLUE] = []


async def standby_prepared(stack: FakeStack) -> None:
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2", cutover=False))


async def bad_release(stack: FakeStack) -> None:
    stack.proxy.fresh_failure = 502


async def deaf_proxy(stack: FakeStack) -> None:
    stack.proxy.refuses = True


SCENARIOS: dict[str, tuple[Prepare, Request]] = {
    "a deploy": (nothing, DEPLOY),
    "a first deploy": (never_cut_over, DEPLOY),
    "a deploy over a standby": (deployed, Request(action=Action.DEPLOY, image="shop:1")),
    "a deploy without cutover": (nothing, Request(action=Action.DEPLOY, image="shop:2", cutover=False)),
    "a deploy of a bad release": (bad_release, DEPLOY),
    "a deploy past a deaf proxy": (deaf_proxy, DEPLOY),
    "a cutover": (standby_prepared, Request(action=Action.CUTOVER)),
    "a rollback to a warm standby": (deployed, ROLLBACK),
    "a rollback to a retired color": (retired, ROLLBACK),
    "a rollback to a color that is gone": (standby_gone, ROLLBACK),
    "a rollback to a numbered release": (deployed, Request(action=Action.ROLLBACK, to_release=0)),
    "a retirement": (deployed, Request(action=Action.RETIRE)),
    "a drain": (deployed, Request(action=Action.DRAIN)),
    "an up": (never_cut_over, Request(action=Action.UP)),
}


async def wrecks_of(name: str) -> tuple[list[Wreck], Color, int]:
    """Every wreck of a scenario, the color that served before it, and how many flips came before."""
    prepare, request = SCENARIOS[name]
    stack = FakeStack(make_spec(window=0.2))
    await prepare(stack)
    before, flips = stack.proxy.color, len(stack.proxy.flips)
    wrecks = wrecks_during(stack)
    outcome = await stack.session.run(request)
    assert outcome.result in {Result.DONE, Result.ROLLED_BACK, Result.ABORTED}
    assert len(wrecks) > 5
    return wrecks, before, flips


def killed_in(step: str, wrecks: list[Wreck]) -> Wreck:
    """The wreck of the moment at which a step began."""
    for wreck in wrecks:
        last = wreck.journal[-1].event if wreck.journal else None
        if isinstance(last, StepStarted) and last.step == step:
            return wreck
    raise AssertionError(f"nothing was killed in {step}")


def under_way(wreck: Wreck) -> RolloutStarted | None:
    rollout: RolloutStarted | None = None
    for record in wreck.journal:
        if isinstance(record.event, RolloutStarted):
            rollout = record.event
        if isinstance(record.event, RolloutFinished):
            rollout = None
    return rollout


def assert_true(verdict: Verdict, wreck: Wreck, observed: Observed, before: Color, flips: int) -> None:
    """A verdict says no more and no less than what can be seen."""
    started = under_way(wreck)
    assert bool(verdict.rollout) == (started is not None)
    if started is None:
        assert (verdict.choices == ()) == (observed.drift is None)
        return
    serving = observed.served
    assert serving is not None
    moved = serving is not before
    assert f"{serving.value} serves" in verdict.story
    assert ("the traffic had moved." in verdict.story) == moved
    if "no traffic had moved" in verdict.story:
        assert not flips_to_other(before, wreck.flips[flips:])
    if "and is back" in verdict.story:
        assert flips_to_other(before, wreck.flips[flips:])
    assert ("DRIFT" in verdict.story) == (observed.drift is not None)
    assert verdict.consistent == (observed.drift is None and not moved)
    assert (RecoveryChoice.RESUME in verdict.choices) == (Action(started.action) in RESUMABLE)
    assert (RecoveryChoice.ROLLBACK in verdict.choices) == moved
    assert RecoveryChoice.ADOPT in verdict.choices
    last = [record.event.title for record in wreck.journal if isinstance(record.event, StepStarted)]
    assert verdict.last_step in {"", *last}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_after_a_kill_anywhere_the_verdict_is_true(name: str) -> None:
    wrecks, before, flips = await wrecks_of(name)
    for wreck in wrecks:
        stack = revived(wreck)
        observed = await stack.session.observe()
        assert_true(await stack.session.verdict(), wreck, observed, before, flips)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_after_a_kill_anywhere_nothing_moves_by_itself(name: str) -> None:
    for wreck in (await wrecks_of(name))[0]:
        stack = revived(wreck)
        await stack.session.verdict()
        await stack.session.plan(Request(action=Action.UP))
        assert (stack.proxy.flips, stack.runtime.touched, stack.proxy.file) == ([], [], wreck.file)
        assert stack.journal.kept == list(wreck.journal)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_after_a_kill_anywhere_every_way_on_ends_in_agreement(name: str) -> None:
    deaf = name == "a deploy past a deaf proxy"
    tried = set()
    for wreck in (await wrecks_of(name))[0]:
        for choice in (await revived(wreck).session.verdict()).choices:
            stack = revived(wreck)
            stack.proxy.refuses = False
            serving = stack.proxy.color
            outcome = await stack.session.recover(choice)
            tried.add(choice)
            await assert_at_rest(stack, outcome)
            if choice is RecoveryChoice.ADOPT:
                assert (outcome.result, outcome.active) == (Result.DONE, serving)
            if choice is RecoveryChoice.ROLLBACK:
                assert (outcome.result, outcome.active) == (Result.DONE, serving.other)
    assert deaf or tried


async def test_what_is_resumed_ends_as_it_would_have_ended() -> None:
    for name in ("a deploy", "a first deploy", "a deploy over a standby", "a cutover", "a deploy without cutover"):
        wrecks, before, _ = await wrecks_of(name)
        stays = name == "a deploy without cutover"
        for wreck in wrecks:
            if under_way(wreck) is None:
                continue
            stack = revived(wreck)
            outcome = await stack.session.recover(RecoveryChoice.RESUME)
            assert (outcome.result, outcome.active) == (Result.DONE, before if stays else before.other), wreck.when
            image = stack.runtime.containers[before.other][0].image
            assert image == ("shop:1" if name == "a deploy over a standby" else "shop:2")
            await assert_at_rest(stack, outcome)


async def test_what_a_cut_off_deploy_left_serving_is_told_as_the_release_that_it_is() -> None:
    wrecks, before, _ = await wrecks_of("a deploy")
    told = set()
    for wreck in wrecks:
        stack = revived(wreck)
        serving = (await stack.session.observe()).served
        if under_way(wreck) is None or serving is before:
            continue
        known = {release.id for release in stack.session.history()}
        await stack.session.recover(RecoveryChoice.RESUME)
        for found in stack.events(ReleaseFound):
            if found.color is serving and not known & {found.release}:
                told.add(found.release)
        assert stack.session.history()[0].id == 1, wreck.when
    assert told == {1}


async def test_what_is_resumed_of_a_bad_release_goes_back_to_the_color_that_was_good() -> None:
    wrecks, _, _ = await wrecks_of("a deploy of a bad release")
    results = set()
    for wreck in wrecks:
        if under_way(wreck) is None:
            continue
        stack = revived(wreck)
        outcome = await stack.session.recover(RecoveryChoice.RESUME)
        results.add((outcome.result, outcome.active))
        await assert_at_rest(stack, outcome)
    assert results == {(Result.ROLLED_BACK, BLUE)}


async def test_a_resumed_rollback_goes_to_the_release_that_was_asked_for() -> None:
    wrecks, _, _ = await wrecks_of("a rollback to a color that is gone")
    for wreck in wrecks:
        if under_way(wreck) is None:
            continue
        stack = revived(wreck)
        outcome = await stack.session.recover(RecoveryChoice.RESUME)
        assert (outcome.result, outcome.active) == (Result.DONE, BLUE)
        assert {replica.image_id for replica in stack.runtime.containers[BLUE]} == {stack.first.id}
        await assert_at_rest(stack, outcome)


@pytest.mark.parametrize("name", ["a deploy", "a deploy of a bad release", "a cutover", "a rollback to a warm standby"])
async def test_a_new_deploy_carries_on_after_a_kill_exactly_when_everything_agrees(name: str) -> None:
    seen = set()
    for wreck in (await wrecks_of(name))[0]:
        stack = revived(wreck)
        stack.proxy.fresh_failure = None
        verdict = await stack.session.verdict()
        seen.add(verdict.consistent)
        if verdict.consistent:
            outcome = await stack.session.run(DEPLOY)
            assert outcome.result is Result.DONE
            remarks = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
            assert (verdict.story in remarks) == bool(verdict.rollout)
            await assert_at_rest(stack, outcome)
        else:
            with pytest.raises(RefusedError) as refused:
                await stack.session.run(DEPLOY)
            assert refused.value.next_command == "rollout recover"
            assert refused.value.found == verdict.story
            assert (stack.proxy.flips, stack.runtime.touched, stack.lock.label) == ([], [], None)
    assert seen == {True, False}


async def test_a_rollback_is_never_kept_waiting_by_a_rollout_that_was_killed() -> None:
    for wreck in (await wrecks_of("a deploy"))[0]:
        stack = revived(wreck)
        if stack.proxy.color is BLUE:
            continue
        outcome = await stack.session.run(ROLLBACK)
        assert (outcome.result, outcome.active) == (Result.DONE, BLUE)
        await assert_at_rest(stack, outcome)


async def test_while_the_proxy_does_not_answer_there_is_no_way_on_but_to_bring_it_up() -> None:
    for wreck in (await wrecks_of("a deploy"))[0]:
        stack = revived(wreck)
        stack.proxy.gone = True
        verdict = await stack.session.verdict()
        assert verdict.choices == ()
        if verdict.rollout:
            assert not verdict.consistent
            assert "The proxy does not answer: the proxy is gone" in verdict.story
            with pytest.raises(RefusedError) as refused:
                await stack.session.run(DEPLOY)
            assert refused.value.next_command == "rollout up"
        assert_traffic_was_safe(stack)


async def test_a_way_on_that_is_not_offered_is_refused_and_says_what_is() -> None:
    stack = FakeStack()
    with pytest.raises(RefusedError, match="every rollout ended Ways on: none is needed"):
        await stack.session.recover(RecoveryChoice.ADOPT)
    assert stack.lock.label is None
    assert stack.journal.kept == []


async def test_drift_without_any_rollout_is_told_and_can_be_adopted() -> None:
    stack = FakeStack()
    stack.active.color = GREEN
    verdict = await stack.session.verdict()
    assert verdict.story == "every rollout ended, but: blue serves. DRIFT: state green, file blue, live blue."
    assert verdict.choices == (RecoveryChoice.ADOPT,)
    with pytest.raises(RefusedError):
        await stack.session.run(DEPLOY)
    outcome = await stack.session.recover(RecoveryChoice.ADOPT)
    assert (outcome.result, stack.active.color) == (Result.DONE, BLUE)
    await assert_at_rest(stack, outcome)


async def test_while_a_rollout_runs_there_is_nothing_to_recover() -> None:
    wrecks, _, _ = await wrecks_of("a deploy")
    stack = revived(wrecks[len(wrecks) // 2])
    stack.lock.acquire("another process", since="now")
    assert (await stack.session.verdict()).choices == ()


async def test_records_of_an_older_rollout_that_was_suspended_do_not_end_the_newer_one() -> None:
    wrecks, _, _ = await wrecks_of("a deploy over a standby")
    wreck = killed_in("start", wrecks)
    stack = revived(wreck)
    before = await stack.session.verdict()
    late = StepStarted(step="apply", title="a late step", stage="cutover", cause="", deadline=1.0)
    end = RolloutFinished(outcome="done", exit_code=0, active=BLUE, seconds=1.0, message="late")
    for event in (late, end):
        stack.journal.append(rollout=before.rollout - 1, at="late", event=event)
    assert await stack.session.verdict() == before


async def test_a_resumed_deploy_asks_for_the_same_source_until_its_image_is_known() -> None:
    stack = FakeStack(make_spec(buildable=True, window=0.2))
    wrecks = wrecks_during(stack)
    await stack.session.run(Request(action=Action.DEPLOY, source=ImageSource.PULL, image="shop:9"))
    for wreck in wrecks:
        if under_way(wreck) is None:
            continue
        again = revived(wreck)
        await again.session.recover(RecoveryChoice.RESUME)
        assert "build" not in again.runtime.faults.calls
        assert again.runtime.containers[GREEN][0].image == "shop:9"


async def test_an_image_whose_name_moved_meanwhile_is_resumed_by_its_id() -> None:
    wrecks, _, _ = await wrecks_of("a deploy")
    wreck = killed_in("start", wrecks)
    stack = revived(wreck)
    intended = stack.runtime.images["shop:2"]
    stack.runtime.images["shop:2"] = stack.runtime.add_image("something else")
    outcome = await stack.session.recover(RecoveryChoice.RESUME)
    assert outcome.result is Result.DONE
    assert {replica.image_id for replica in stack.runtime.containers[GREEN]} == {intended.id}


async def test_breaking_a_lock_is_recorded_with_who_held_it_and_who_broke_it() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.lock.acquire("rollout deploy --elsewhere", since="then")
    held = stack.session.break_lock()
    assert held is not None
    assert stack.lock.label is None
    (event,) = stack.events(LockTakenOver)
    assert event == LockTakenOver(
        from_holder="u@h (pid 1, rollout deploy --elsewhere, since then)", by="ann@here (pid 7)"
    )
    assert stack.journal.kept[-1].rollout == 1


async def test_breaking_a_free_lock_is_nothing_and_is_not_recorded() -> None:
    stack = FakeStack()
    assert stack.session.break_lock() is None
    assert stack.journal.kept == []
