"""A load that somebody ended while answers are still waited for: what it found counts, its silence proves nothing."""

from __future__ import annotations

import pytest

from console.engine.load import RolloutLoad
from console.model.color import Color
from console.model.events import Warned
from console.model.load import LoadConfig
from console.model.request import Result
from console.model.spec import Inconclusive, WatchSpec
from tests.engine.test_load import LoadedStack
from tests.fakes.clock import FakeClock
from tests.fakes.load import ENDED, FakeLoad

TOO_EARLY = f"the load ended before the watch did, {ENDED}"


def lingering(inconclusive: Inconclusive = Inconclusive.CONTINUE, *, ends: float = 2.0) -> LoadedStack:
    """Enough requests were sent and answered until the generator was ended, in the middle of the watch."""
    stack = LoadedStack(WatchSpec(window=5.0, min_requests=100, inconclusive=inconclusive))
    stack.load.lingers["verifying"] = ends
    return stack


@pytest.mark.parametrize(
    ("inconclusive", "result", "active"),
    [
        (Inconclusive.CONTINUE, Result.DONE, Color.GREEN),
        (Inconclusive.ROLLBACK, Result.ROLLED_BACK, Color.BLUE),
        (Inconclusive.PAUSE, Result.NEEDS_HUMAN, Color.GREEN),
    ],
)
async def test_what_it_had_found_good_until_then_proves_nothing_of_the_rest_of_the_watch(
    inconclusive: Inconclusive, result: Result, active: Color
) -> None:
    stack = lingering(inconclusive)
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (result, active)
    warned = [event for event in stack.events(Warned) if isinstance(event, Warned)]
    assert any(f"inconclusive: {TOO_EARLY}" in text for text in [outcome.message, *(event.text for event in warned)])
    assert all(event.hint == "rollout load, to send it again" for event in warned)
    evidence = stack.receipts.written[0].load
    assert evidence is not None
    assert evidence.problem == f"the load ended before the rollout did: {ENDED}"


@pytest.mark.parametrize("takes", [0.0, 3.5])
async def test_drops_that_it_had_found_until_then_roll_back_whatever_an_inconclusive_watch_means(takes: float) -> None:
    stack = lingering()
    stack.load.drop["verifying"], stack.load.takes = 0.5, takes
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert "synthetic requests were dropped" in outcome.message


async def test_answers_that_come_after_the_window_count_although_nothing_more_is_sent() -> None:
    stack = lingering(ends=4.9)
    stack.load.takes = 2.0
    stack.load.drop["verifying"], stack.load.late["verifying"] = 0.5, 0.5
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)


async def test_one_that_ends_after_the_window_has_judged_all_of_it() -> None:
    stack = lingering(ends=6.0)
    stack.load.takes = 2.0
    outcome = await stack.deploy()
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    assert stack.watched().startswith("0 dropped / ")
    assert not stack.events(Warned)


async def test_that_it_had_been_ended_is_told_although_it_sums_up_once_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.engine.load.AFTERGLOW", 0.0)
    found = {}
    for lingers in (False, True):
        clock = FakeClock()
        fake = FakeLoad(clock)
        config = LoadConfig(url="http://127.0.0.1/", rate=10.0, phase="planned")
        load = RolloutLoad(fake.make(config), config)
        await load.start()
        fake.lingers = {"planned": 3.0} if lingers else {}
        await clock.sleep(5.0)
        evidence, measured = await load.stop()
        assert measured.problem == evidence.problem
        found[lingers] = (evidence.valid, evidence.problem)
    assert found == {False: (True, ""), True: (False, f"the load ended before the rollout did: {ENDED}")}
