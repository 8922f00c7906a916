"""Synthetic load beside a rollout: what the watch makes of it, and what the receipt says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from console.cli.render.receipt_junit import receipt_junit
from console.engine.handlers.watch_load import judge
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.events import (
    Event,
    Held,
    LoadMeasured,
    LoadStarted,
    Record,
    StepFailed,
    StepProgressed,
    StepStarted,
    Warned,
)
from console.model.plan import Action
from console.model.request import Outcome, Request, Result
from console.model.spec import DrainSpec, Inconclusive, LoadSpec, WatchSpec
from console.ports.load import LoadCounts
from tests.fakes.load import FakeLoad
from tests.fakes.stack import FakeStack, make_spec

LOAD = LoadSpec(url="http://127.0.0.1:8080/", rate=200.0)
DEPLOY = Request(action=Action.DEPLOY, image="shop:2", load=LOAD)


class LoadedStack(FakeStack):
    """A fake stack that can be sent fake load."""

    def __init__(self, watch: WatchSpec | None = None) -> None:
        super().__init__(replace(make_spec(), watch=watch or WatchSpec(window=5.0)))
        self.load = FakeLoad(self.clock)
        self.session.ports = replace(self.session.ports, make_load=self.load.make)

    async def deploy(self, *, zero: bool = False) -> Outcome:
        return await self.session.run(replace(DEPLOY, require_zero_drops=zero))

    def watched(self) -> str:
        """What the watch says of itself on the receipt."""
        (step,) = [step for step in self.receipts.written[0].steps if step.id == "watch"]
        return step.detail

    def one(self, kind: type[Event]) -> Event:
        (event,) = self.events(kind)
        return event

    def when(self, kind: type[Event], step: str) -> float:
        """Seconds on the clock when a step began or failed."""
        (record,) = [
            one for one in self.heard if isinstance(one.event, kind) and getattr(one.event, "step", "") == step
        ]
        return float(record.at.removesuffix("Z").rpartition(":")[2])


async def test_the_load_runs_through_the_whole_rollout_and_every_phase_is_stamped() -> None:
    stack = LoadedStack()
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert stack.load.stamped == ["preparing", "cutting over", "verifying", "after watch", "draining"]
    assert isinstance(stack.one(LoadStarted), LoadStarted)
    assert stack.load.closed
    evidence = stack.receipts.written[0].load
    assert evidence is not None
    assert evidence.proves_zero
    assert [line.name for line in evidence.by_phase] == ["planned", *stack.load.stamped]
    watched = next(line for line in evidence.by_phase if line.name == "verifying")
    assert watched.done == pytest.approx(5 * LOAD.rate, rel=0.2)


async def test_more_failures_than_the_spec_allows_roll_back_within_a_second_of_being_known() -> None:
    stack = LoadedStack(WatchSpec(window=60.0, min_requests=100))
    stack.load.drop["verifying"] = 0.02
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active, stack.active.color) == (Result.ROLLED_BACK, Color.BLUE, Color.BLUE)
    assert "synthetic requests were dropped" in outcome.message
    # 100 requests take half a second at this rate; two of them are dropped.
    assert stack.when(StepFailed, "watch") - stack.when(StepStarted, "watch") <= 1.5
    assert stack.receipts.written[0].result == "rolled_back"


@pytest.mark.parametrize("ratio", [0.0, 0.005])
@pytest.mark.parametrize("begin", [0.0, 20.0, 59.5])
async def test_a_rollback_is_acted_upon_within_a_second_of_being_known_whenever_that_is(
    begin: float, ratio: float
) -> None:
    stack = LoadedStack(WatchSpec(window=60.0, min_requests=100, max_failure_ratio=ratio))
    stack.load.drop["verifying"], stack.load.drops_from["verifying"] = 1.0, begin
    outcome = await stack.deploy()
    failed = stack.when(StepFailed, "watch")
    began = stack.when(StepStarted, "watch")
    known = next(
        at
        for at in (round(began + look * 0.01, 3) for look in range(6200))
        if (counts := stack.load.counts_at("verifying", 1000.0 + at)).done >= 100
        and counts.dropped > ratio * counts.done
    )
    assert outcome.result is Result.ROLLED_BACK
    assert began + begin <= known <= failed <= known + 1.0


@pytest.mark.parametrize(("share", "result"), [(0.04, Result.DONE), (0.06, Result.ROLLED_BACK)])
async def test_failures_up_to_the_ratio_are_put_up_with(share: float, result: Result) -> None:
    stack = LoadedStack(WatchSpec(window=5.0, max_failure_ratio=0.05))
    stack.load.drop["verifying"] = share
    assert (await stack.deploy()).result is result


async def test_what_was_due_before_the_watch_and_fails_within_it_is_not_the_new_releases_doing() -> None:
    stack = LoadedStack(WatchSpec(window=5.0, min_requests=100))
    stack.load.drop["cutting over"] = 1.0
    stack.load.late["cutting over"] = 2.0
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert stack.watched().startswith("0 dropped / ")
    assert "dropped of those due earlier" in stack.watched()


async def test_what_was_dropped_before_the_watch_is_not_the_new_releases_doing() -> None:
    stack = LoadedStack()
    stack.load.drop["preparing"] = 1.0
    outcome = await stack.deploy()
    assert outcome.result is Result.DONE
    measured = stack.one(LoadMeasured)
    assert isinstance(measured, LoadMeasured)
    assert measured.dropped > 0


@pytest.mark.parametrize(
    ("inconclusive", "result", "active"),
    [
        (Inconclusive.CONTINUE, Result.DONE, Color.GREEN),
        (Inconclusive.ROLLBACK, Result.ROLLED_BACK, Color.BLUE),
        (Inconclusive.PAUSE, Result.NEEDS_HUMAN, Color.GREEN),
    ],
)
async def test_too_few_requests_prove_nothing_and_the_spec_says_what_then(
    inconclusive: Inconclusive, result: Result, active: Color
) -> None:
    stack = LoadedStack(WatchSpec(window=1.0, min_requests=100_000, inconclusive=inconclusive))
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (result, active)
    told = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any("inconclusive" in text for text in [outcome.message, *told])


@pytest.mark.parametrize(
    ("inconclusive", "result"), [(Inconclusive.CONTINUE, Result.DONE), (Inconclusive.ROLLBACK, Result.ROLLED_BACK)]
)
async def test_requests_that_were_never_sent_prove_nothing_however_many_were(
    inconclusive: Inconclusive, result: Result
) -> None:
    stack = LoadedStack(WatchSpec(window=5.0, min_requests=100, inconclusive=inconclusive))
    stack.load.unsent["verifying"] = 0.5
    outcome = await stack.deploy()
    assert outcome.result is result
    told = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any("inconclusive" in text and "never sent" in text for text in [outcome.message, *told])


@pytest.mark.parametrize(("share", "warned"), [(1.0, True), (0.5, False)])
async def test_unexpected_answers_are_no_drops_and_are_told_beside_them(share: float, warned: bool) -> None:  # noqa: FBT001 - expected
    stack = LoadedStack(WatchSpec(window=5.0, min_requests=100))
    stack.load.unexpected["verifying"] = share
    assert (await stack.deploy()).result is Result.DONE
    assert stack.watched().startswith("0 dropped / ")
    assert stack.watched().endswith(" unexpected")
    told = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any("every answer was unexpected" in text for text in told) is warned


async def test_of_no_request_at_all_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.load.AT_ONCE", 0)
    stack = LoadedStack(WatchSpec(window=1.0, min_requests=0))
    seldom = replace(DEPLOY, load=replace(LOAD, rate=0.001))
    assert (await stack.session.run(seldom)).result is Result.DONE
    assert stack.watched().startswith("0 dropped / 0 ")
    assert not stack.events(Warned)


async def test_a_pause_holds_the_rollout_before_the_drain_until_somebody_lets_it_go_on() -> None:
    stack = LoadedStack(WatchSpec(window=1.0, min_requests=100_000, inconclusive=Inconclusive.PAUSE))
    stack.session.resumable = True
    held = asyncio.Event()

    def hear(record: Record) -> None:
        if isinstance(record.event, Held):
            held.set()

    stack.session.subscribe(hear)
    rolling = asyncio.ensure_future(stack.deploy())
    await asyncio.wait_for(held.wait(), 60)
    assert stack.active.color is Color.GREEN
    assert len(stack.runtime.containers[Color.BLUE]) == 1
    event = stack.one(Held)
    assert isinstance(event, Held)
    assert event.before_step == "drain"
    assert not rolling.done()
    stack.session.resume()
    assert (await asyncio.wait_for(rolling, 60)).result is Result.DONE


@pytest.mark.parametrize(("hangs", "known_after"), [(1.0, 12.0), (0.01, 12.0), (1.0, 1e9), (0.01, 1e9)])
async def test_a_release_that_hangs_is_rolled_back_however_much_longer_than_its_watch_an_answer_may_take(
    hangs: float, known_after: float
) -> None:
    stack = LoadedStack(WatchSpec(window=5.0))
    stack.session.spec = replace(stack.session.spec, smoke=replace(stack.session.spec.smoke, timeout=15.0))
    stack.load.drop["verifying"] = hangs
    stack.load.late["verifying"] = known_after
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert "synthetic requests were dropped" in outcome.message
    assert stack.when(StepFailed, "watch") - stack.when(StepStarted, "watch") <= 5.0 + 15.0 + 2.0
    assert "after watch" in stack.load.stamped
    told = [event.text for event in stack.events(StepProgressed) if isinstance(event, StepProgressed)]
    assert any("not answered yet" in text for text in told)


@pytest.mark.parametrize("takes", [0.15, 4.5])
async def test_a_window_shorter_than_a_snapshot_drops_no_healthy_requests(takes: float) -> None:
    stack = LoadedStack(WatchSpec(window=0.05, min_requests=10))
    stack.session.spec = replace(stack.session.spec, smoke=replace(stack.session.spec.smoke, timeout=5.0))
    stack.load.takes = takes
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert stack.watched().startswith("0 dropped / ")


async def test_healthy_requests_are_no_drops_although_none_was_in_flight_when_the_window_ended() -> None:
    stack = LoadedStack(WatchSpec(window=5.0))
    stack.load.takes = 0.3
    stack.load.idle["verifying"] = (4.0, 5.0)  # as after a stop of the whole job
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert stack.watched().startswith("0 dropped / ")


async def test_a_generator_that_stands_still_as_the_window_ends_does_not_let_a_release_pass_that_hangs() -> None:
    stack = LoadedStack(WatchSpec(window=5.0))
    stack.load.still["verifying"] = (4.0, 5.7)
    stack.load.drop["verifying"], stack.load.late["verifying"] = 1.0, 1e9
    stack.load.drops_from["verifying"] = 4.0
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert "synthetic requests were dropped" in outcome.message


async def test_a_generator_that_stands_still_while_answers_are_waited_for_drops_no_healthy_requests() -> None:
    stack = LoadedStack(WatchSpec(window=5.0))
    stack.load.takes = 1.0
    stack.load.still["after watch"] = (0.0, 20.0)
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert stack.watched() == "inconclusive: the load generator did not tell how the last requests ended"


@pytest.mark.parametrize(
    ("inconclusive", "result"), [(Inconclusive.CONTINUE, Result.DONE), (Inconclusive.ROLLBACK, Result.ROLLED_BACK)]
)
@pytest.mark.parametrize("hangs", [0.0, 0.5])
async def test_an_end_of_the_window_that_is_never_confirmed_makes_nothing_a_drop_and_proves_nothing(
    hangs: float, inconclusive: Inconclusive, result: Result
) -> None:
    stack = LoadedStack(WatchSpec(window=5.0, inconclusive=inconclusive))
    stack.load.takes = 0.3
    stack.load.deaf_to = "after watch"
    stack.load.drop["verifying"], stack.load.late["verifying"] = hangs, 1e9
    outcome = await stack.deploy()
    assert outcome.result is result
    told = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any("did not confirm the end of the watch" in text for text in [outcome.message, *told])
    assert not any("dropped" in text for text in [outcome.message, *told])


async def test_drops_that_are_known_roll_back_although_the_end_of_the_window_is_never_confirmed() -> None:
    stack = LoadedStack(WatchSpec(window=5.0))
    stack.load.deaf_to = "after watch"
    stack.load.drop["verifying"], stack.load.drops_from["verifying"] = 1.0, 5.3
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert "synthetic requests were dropped" in outcome.message


async def test_while_it_is_watched_a_release_that_hangs_is_said_to() -> None:
    stack = LoadedStack(WatchSpec(window=5.0))
    stack.load.drop["verifying"], stack.load.late["verifying"] = 1.0, 1e9
    await stack.deploy()
    told = [event.text for event in stack.events(StepProgressed) if isinstance(event, StepProgressed)]
    assert any("without an answer for more than 1 s" in text for text in told)


async def test_while_it_is_watched_a_generator_that_died_is_said_to_tell_nothing() -> None:
    stack = LoadedStack(WatchSpec(window=5.0, inconclusive=Inconclusive.CONTINUE))
    stack.load.dies_in = "verifying"
    await stack.deploy()
    told = [one.text for one in stack.events(StepProgressed) if isinstance(one, StepProgressed) and one.step == "watch"]
    assert len(told) >= 4
    assert all(text.startswith("no data: the load generator died (0 dropped / ") for text in told)
    assert told[-1].endswith("/ 20 up to then)")


@pytest.mark.parametrize("inconclusive", list(Inconclusive))
async def test_however_few_they_are_a_release_that_answers_none_of_its_requests_does_not_pass(
    inconclusive: Inconclusive,
) -> None:
    stack = LoadedStack(WatchSpec(window=1.0, min_requests=100_000, inconclusive=inconclusive))
    stack.load.drop["verifying"] = 1.0
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert "none of" in outcome.message


@pytest.mark.parametrize("requests", [1, 100_000])
async def test_who_allows_all_requests_to_fail_gets_no_rollback_for_them(requests: int) -> None:
    stack = LoadedStack(WatchSpec(window=5.0, min_requests=requests, max_failure_ratio=1.0))
    stack.load.drop["verifying"] = 1.0
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)


@pytest.mark.parametrize(
    ("inconclusive", "result"), [(Inconclusive.CONTINUE, Result.DONE), (Inconclusive.ROLLBACK, Result.ROLLED_BACK)]
)
async def test_a_generator_that_died_is_no_data_and_never_zero_drops(
    inconclusive: Inconclusive, result: Result
) -> None:
    stack = LoadedStack(WatchSpec(window=5.0, inconclusive=inconclusive))
    stack.load.dies_in = "verifying"
    assert (await stack.deploy()).result is result
    evidence = stack.receipts.written[0].load
    assert evidence is not None
    assert not evidence.proves_zero
    assert "died" in evidence.problem


async def test_zero_drops_required_ends_for_a_human_to_look_at_although_the_release_serves() -> None:
    stack = LoadedStack()
    stack.load.drop["draining"] = 1.0
    assert (await stack.deploy()).result is Result.DONE
    stack = LoadedStack()
    stack.load.drop["preparing"] = 1.0
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active, stack.active.color) == (Result.NEEDS_HUMAN, Color.GREEN, Color.GREEN)
    assert "zero drops are required" in outcome.message
    assert outcome.next_command == "rollout receipt 1"
    assert stack.receipts.written[0].exit_code == 1


async def test_zero_drops_required_are_not_proven_where_answers_came_that_nobody_asked_for() -> None:
    stack = LoadedStack()
    stack.load.stray = 86
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active) == (Result.NEEDS_HUMAN, Color.GREEN)
    assert "86 idle connections brought bytes that nobody asked for" in outcome.message
    evidence = stack.receipts.written[0].load
    assert evidence is not None
    assert (evidence.valid, evidence.dropped, evidence.stray, evidence.proves_zero) == (True, 0, 86, False)


async def test_zero_drops_required_are_not_proven_by_a_load_that_died() -> None:
    stack = LoadedStack()
    stack.load.dies_in = "draining"
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active) == (Result.NEEDS_HUMAN, Color.GREEN)
    assert "died" in outcome.message


@pytest.mark.parametrize("phase", ["preparing", "verifying", "draining"])
async def test_zero_drops_required_are_not_proven_by_a_load_that_ended_before_the_rollout(phase: str) -> None:
    stack = LoadedStack()
    stack.load.ends_in = phase
    outcome = await stack.deploy(zero=True)
    assert (outcome.result, outcome.active, stack.active.color) == (Result.NEEDS_HUMAN, Color.GREEN, Color.GREEN)
    assert "the load ended before the rollout did" in outcome.message
    receipt = stack.receipts.written[0]
    evidence = receipt.load
    assert evidence is not None
    assert (evidence.valid, evidence.dropped, evidence.proves_zero) == (False, 0, False)
    assert evidence.doubt == "the load ended before the rollout did: somebody ended the generator (SIGTERM)"
    suite = ET.fromstring(receipt_junit(receipt))
    assert suite.find("testcase[@name='requests']/failure") is not None


@pytest.mark.parametrize(
    ("inconclusive", "result", "active"),
    [
        (Inconclusive.CONTINUE, Result.DONE, Color.GREEN),
        (Inconclusive.ROLLBACK, Result.ROLLED_BACK, Color.BLUE),
        (Inconclusive.PAUSE, Result.NEEDS_HUMAN, Color.GREEN),
    ],
)
@pytest.mark.parametrize("phase", ["preparing", "verifying"])
async def test_a_load_that_ended_before_the_watch_did_is_no_data_as_one_that_died_is(
    phase: str, inconclusive: Inconclusive, result: Result, active: Color
) -> None:
    stack = LoadedStack(WatchSpec(window=5.0, min_requests=0, inconclusive=inconclusive))
    stack.load.ends_in = phase
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (result, active)
    told = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any("inconclusive: the load ended" in text for text in [outcome.message, *told])


async def test_a_generator_that_stalls_still_leaves_its_evidence_and_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.engine.load._LOOK", 0.02)
    stack = LoadedStack()
    # The longer an answer may take, the longer an end is waited for: not by one who is silent.
    stack.session.spec = replace(stack.session.spec, smoke=replace(stack.session.spec.smoke, timeout=600.0))
    stack.load.stalls_in = "draining"
    outcome = await asyncio.wait_for(stack.deploy(zero=True), 60)
    assert (outcome.result, outcome.active) == (Result.NEEDS_HUMAN, Color.GREEN)
    assert "has said nothing" in outcome.message
    evidence = stack.receipts.written[0].load
    assert evidence is not None
    assert (evidence.valid, evidence.problem) == (False, "the load generator has said nothing for 2 s")
    assert stack.load.closed


async def test_zero_drops_required_are_not_kept_by_a_retire_that_cuts_requests() -> None:
    stack = LoadedStack()
    stack.session.spec = replace(stack.session.spec, drain=DrainSpec(deadline=1.0))
    await stack.deploy()
    stack.proxy.flights[Color.BLUE] = 10_000
    outcome = await stack.session.run(Request(action=Action.RETIRE, load=LOAD, require_zero_drops=True))
    assert outcome.result is Result.NEEDS_HUMAN
    assert "cut" in outcome.message


async def test_load_that_can_t_be_sent_stops_the_rollout_before_anything_is_touched() -> None:
    for fault in ("refuses", "dies_in"):
        stack = LoadedStack()
        setattr(stack.load, fault, "start")
        with pytest.raises(RuntimeFailedError):
            await stack.deploy()
        assert stack.runtime.touched == []
        assert stack.lock.label is None


async def test_nothing_starts_load_by_itself() -> None:
    stack = LoadedStack()
    outcome = await stack.session.run(replace(DEPLOY, load=None))
    assert outcome.result is Result.DONE
    assert stack.load.config.url == ""
    assert stack.receipts.written[0].load is None


def _counts(done: int, dropped: int) -> LoadCounts:
    return LoadCounts(due=done, done=done, dropped=dropped, not_sent=0, alive=True)


@pytest.mark.parametrize(
    ("done", "dropped", "ratio", "kept"),
    [(99, 99, 0.0, True), (100, 1, 0.0, False), (100, 0, 0.0, True), (100, 10, 0.1, True), (100, 11, 0.1, False)],
)
def test_the_watch_judges_by_the_ratio_of_enough_requests(done: int, dropped: int, ratio: float, kept: bool) -> None:  # noqa: FBT001 - expected
    spec = WatchSpec(max_failure_ratio=ratio, min_requests=100)
    try:
        judge(_counts(done, dropped), spec)
    except RuntimeFailedError:
        assert not kept
    else:
        assert kept


@pytest.mark.parametrize(("window", "smoke", "expected"), [(10.0, 2.0, 5.0), (1.0, 2.0, 2.0), (600.0, 2.0, 10.0)])
def test_a_release_that_hangs_is_known_within_its_watch(window: float, smoke: float, expected: float) -> None:
    spec = make_spec(window=window)
    assert replace(spec, smoke=replace(spec.smoke, timeout=smoke)).answer_timeout == expected
