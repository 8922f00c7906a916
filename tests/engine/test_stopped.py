"""Whoever stops the rollout's process, at whatever moment and for however long, finds the same end as without it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from console.engine.executor import TOLD_STOP
from console.engine.handlers.watch_load import LoadJudge
from console.engine.world import World
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.events import Event, RequestsCut, StepFailed, StepStarted, StepSucceeded, Warned
from console.model.plan import Action
from console.model.request import Request, Result
from console.ports.load import LoadCounts
from tests.fakes.clock import FakeClock
from tests.fakes.stack import FakeStack

HOUR = 3600.0
DEPLOY = Request(action=Action.DEPLOY, image="shop:2")


class Stops:
    """Stops the process for an hour at one of the calls to the proxy and the runtime."""

    def __init__(self, stack: FakeStack, at: int) -> None:
        self._stack = stack
        self._at = at
        self.calls = 0
        stack.proxy.faults.watch = stack.runtime.faults.watch = self

    def __call__(self, _name: str) -> None:
        self.calls += 1
        if self.calls == self._at:
            self._stack.clock.stop(HOUR)

    def next(self, event: Event, *, step: str) -> None:
        """Stop it at the first call of a step."""
        if isinstance(event, StepStarted) and event.step == step:
            self._at = self.calls + 1


def told(stack: FakeStack) -> list[str]:
    """What was said of stops."""
    texts = [event.text for event in stack.events(Warned) if isinstance(event, Warned)]
    return [text for text in texts if "was stopped for" in text]


async def test_a_stop_at_any_moment_of_a_deploy_changes_nothing_about_its_end() -> None:
    stops = Stops(stack := FakeStack(), at=0)
    assert (await stack.session.run(DEPLOY)).result is Result.DONE
    assert not told(stack)
    told_of = 0
    for at in range(1, stops.calls + 1):
        Stops(stack := FakeStack(), at=at)
        stack.proxy.flights[Color.BLUE] = 3
        outcome = await stack.session.run(DEPLOY)
        assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN), f"call {at}: {outcome.message}"
        assert not stack.events(StepFailed)
        assert stack.proxy.flights[Color.BLUE] == 0, f"call {at}: the drain ended before the requests did"
        told_of += len(told(stack))
    assert told_of > stops.calls / 2, "those within a step"


async def test_a_step_that_was_stopped_says_so_and_tells_how_long_it_took_on_the_clock_on_the_wall() -> None:
    stack = FakeStack()
    stops = Stops(stack, at=0)
    stack.session.subscribe(lambda record: stops.next(record.event, step="await-ready"))
    assert (await stack.session.run(DEPLOY)).result is Result.DONE
    assert told(stack) == ["this rollout's process was stopped for 3600 s, which no deadline counts"]
    (ready,) = [
        event for event in stack.events(StepSucceeded) if isinstance(event, StepSucceeded) and event.seconds >= HOUR
    ]
    assert ready.step == "await-ready"


async def test_a_pause_that_nobody_would_notice_is_not_told_of() -> None:
    stack = FakeStack()
    stack.runtime.faults.watch = lambda _: stack.clock.stop(TOLD_STOP / 1000)
    assert (await stack.session.run(DEPLOY)).result is Result.DONE
    assert not told(stack)


@pytest.mark.parametrize("stop", [0.0, HOUR])
async def test_a_replica_that_never_gets_ready_is_given_up_after_its_deadline_awake(stop: float) -> None:
    stack = FakeStack()
    stack.proxy.ready[Color.GREEN] = 503
    began = stack.clock.awake()
    probes = 0

    def watch(name: str) -> None:
        nonlocal probes
        probes += name == "probe_replica"
        if name == "probe_replica" and probes == 5:
            stack.clock.stop(stop)

    stack.proxy.faults.watch = watch
    outcome = await stack.session.run(DEPLOY)
    assert (outcome.result, outcome.active) == (Result.ABORTED, Color.BLUE)
    assert 10.0 <= stack.clock.awake() - began < 30.0
    assert probes > 20


@dataclass
class Thawing:
    """The load of a machine that is frozen as a whole at the end of a watch: its clock leaps, answers come later."""

    clock: FakeClock
    frozen_for: float
    answers_at: int
    """The look that finds the last answers."""
    looks: int = 0

    def counts(self) -> LoadCounts:
        return self.counts_in("")

    def counts_in(self, _phase: str) -> LoadCounts:
        self.looks += 1
        frozen = self.looks > 3
        done = 100 if self.looks >= self.answers_at else 98
        elapsed = self.clock.time + (self.frozen_for if frozen else 0.0)
        return LoadCounts(
            due=100, done=done, dropped=0, not_sent=0, alive=True, snapshot=10 + self.looks, elapsed=elapsed
        )

    async def phase(self, _name: str) -> int | None:
        return 10


@pytest.mark.parametrize("frozen_for", [0.0, 12.0, HOUR])
@pytest.mark.parametrize("answers_at", [7, 1_000_000])
async def test_requests_of_a_frozen_machine_are_lost_only_when_no_answer_comes_after_the_thaw(
    frozen_for: float, answers_at: int
) -> None:
    stack = FakeStack()
    world = World(
        spec=stack.spec,
        ports=stack.ports,
        rollout=1,
        publish=lambda _: None,
        observed=await stack.ports.observe(),
        hold=None,
    )
    judge = LoadJudge(Thawing(stack.clock, frozen_for, answers_at), world)
    if answers_at < 1000:
        assert (await judge.settle(lambda: False)).dropped == 0
    else:
        with pytest.raises(RuntimeFailedError, match="2 of 100"):
            await judge.settle(lambda: False)


async def test_requests_that_a_stopped_process_did_not_see_finish_are_not_called_cut() -> None:
    stack = FakeStack()
    await stack.session.run(DEPLOY)
    stack.proxy.flights[Color.BLUE] = 3

    def watch(name: str) -> None:
        if name == "in_flight" and stack.proxy.flights[Color.BLUE] == 3:
            stack.clock.stop(HOUR)

    stack.proxy.faults.watch = watch
    outcome = await stack.session.run(Request(action=Action.RETIRE))
    assert outcome.result is Result.DONE
    assert not stack.events(RequestsCut)
