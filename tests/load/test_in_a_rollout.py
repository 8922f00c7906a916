"""The real generator through real rollouts of the embedded stack: the watch reads it, the receipt keeps it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET

import pytest

from console.adapters.load import LoadSupervisor
from console.adapters.runtime.local import LocalRuntime
from console.adapters.runtime.local.catalog import LocalRelease
from console.cli.receipts import read_receipt
from console.cli.render.receipt import receipt_markdown, receipt_text
from console.cli.render.receipt_junit import receipt_junit
from console.cli.render.style import Style
from console.cli.terminal import Terminal
from console.engine.load import RolloutLoad
from console.engine.session import Session
from console.model.color import Color
from console.model.events import Record, StepFailed
from console.model.load import LoadConfig
from console.model.phase import Phase
from console.model.plan import Action
from console.model.receipt import Receipt
from console.model.request import Actor, Request, Result
from console.model.spec import LoadSpec
from console.tui.load_tap import LoadTap
from console.wiring import embedded_session
from tests.load.fault_server import Fault, FaultServer
from tests.load.runs import until
from tests.support.events import entering
from tests.support.processes import alive

ACTOR = Actor(user="test", host=socket.gethostname(), pid=os.getpid(), command="rollout deploy --load")
LOAD = LoadSpec(url="", rate=300.0)
pytestmark = [pytest.mark.timeout(240), pytest.mark.slow]


def deploy(session: Session, **changes: object) -> Request:
    load = session.spec.load
    assert load is not None
    return replace(Request(action=Action.DEPLOY, load=replace(load, rate=300.0)), **changes)  # type: ignore[arg-type]


def kept(session: Session) -> Receipt:
    found, _ = read_receipt(session.spec.state / "receipts", None)
    return found


class Generators:
    """Makes the generators of a session, and keeps them."""

    def __init__(self) -> None:
        self._made: list[LoadSupervisor] = []

    def __call__(self, config: LoadConfig) -> LoadSupervisor:
        self._made.append(LoadSupervisor(config))
        return self._made[-1]

    @property
    def pid(self) -> int:
        """Of the only one."""
        (pid,) = [one.pid for one in self._made]
        assert pid is not None
        return pid


class Hanging:
    """The replicas of a color of the embedded stack, which can be made to hang; they go on when this is left."""

    def __init__(self, color: Color) -> None:
        self._color = color
        self.hung: list[int] = []

    def hang(self) -> None:
        self.hung.extend(_children_with(f"COLOR={self._color.value}"))
        for pid in self.hung:
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in self.hung:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.go_on()


def _children_with(variable: str) -> list[int]:
    """The replicas of the embedded stack are this process's own children."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii")
    found = []
    for pid in map(int, listed.split()):
        with contextlib.suppress(OSError):
            if variable.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


async def test_a_release_that_fails_its_users_is_rolled_back_long_before_its_watch_is_over() -> None:
    heard: list[Record] = []
    async with embedded_session(ACTOR) as session:
        # Neither does a busy machine see it before the watch, nor does the watch end before it shows.
        assert isinstance(session.ports.runtime, LocalRuntime)
        late = LocalRelease(version="late-error-500", fault="error-500", fault_after=5.0)
        session.ports.runtime._catalog._special[late.version] = late
        session.spec = replace(session.spec, watch=replace(session.spec.watch, window=30.0))
        session.subscribe(heard.append)
        outcome = await session.run(deploy(session, image="app@late-error-500"))
        receipt = kept(session)
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert receipt.exit_code == 2
    load = receipt.load
    assert load is not None
    assert load.dropped > 0
    (failed,) = [record for record in heard if isinstance(record.event, StepFailed)]
    assert failed.event == replace(failed.event, step="watch")
    first = min(failure.at for failure in load.failures)
    # Far less than the watch, however busy the machine is; or more failures than are listed, which were not needed.
    assert datetime.fromisoformat(failed.at).timestamp() - first < 8.0 or load.failures_omitted
    assert {(failure.status, failure.release) for failure in load.failures} == {(500, "late-error-500")}
    assert {failure.phase for failure in load.failures} <= {"verifying", "rolling back"}
    lines = {line.name: line.dropped for line in load.by_release}
    assert lines == {"blue v1": 0, "green late-error-500": load.dropped}


async def test_a_good_deploy_proves_zero_drops_in_every_form_of_its_receipt() -> None:
    async with embedded_session(ACTOR) as session:
        outcome = await session.run(deploy(session, require_zero_drops=True))
        receipt = kept(session)
    assert (outcome.result, outcome.active) == (Result.DONE, Color.GREEN)
    load = receipt.load
    assert load is not None
    assert load.proves_zero
    assert load.due == load.ok
    assert {line.name for line in load.by_phase} >= {"preparing", "cutting over", "verifying", "draining"}
    assert {line.name for line in load.by_release} == {"blue v1", "green v2"}
    counted = f"0 dropped / {load.due:,}"
    assert counted in receipt_text(receipt, Style(Terminal()))
    assert counted in receipt_markdown(receipt)
    suite = ET.fromstring(receipt_junit(receipt))
    assert (suite.get("failures"), suite.find("testcase[@name='requests']/failure")) == ("0", None)
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))


async def test_a_release_that_answers_nothing_is_rolled_back_though_answers_may_take_longer_than_its_watch() -> None:
    async with embedded_session(ACTOR) as session, Hanging(Color.GREEN) as green:
        spec = session.spec
        session.spec = replace(spec, watch=replace(spec.watch, window=2.0), smoke=replace(spec.smoke, timeout=6.0))
        session.subscribe(entering("watch", green.hang))
        session.subscribe(entering(Phase.ROLLING_BACK, green.go_on))  # nothing more is asked of it than to end
        outcome = await session.run(deploy(session, load=replace(LOAD, url=session.spec.smoke.url, rate=60.0)))
        receipt = kept(session)
    assert green.hung
    assert (outcome.result, outcome.active) == (Result.ROLLED_BACK, Color.BLUE)
    assert "synthetic requests were dropped" in outcome.message
    assert receipt.load is not None
    kinds = {attempt.kind for attempt in receipt.load.attempts}
    assert "timeout" in kinds


async def test_the_old_releases_unanswered_requests_do_not_roll_a_good_release_back_onto_it() -> None:
    async with embedded_session(ACTOR) as session, Hanging(Color.BLUE) as blue:
        watch = replace(session.spec.watch, window=6.0)  # so that the requests time out within it
        session.spec = replace(session.spec, watch=watch)
        session.subscribe(entering(Phase.CUTTING_OVER, blue.hang))
        outcome = await session.run(deploy(session))
        receipt = kept(session)
    assert blue.hung
    assert receipt.load is not None
    drops = {line.name: line.dropped for line in receipt.load.by_phase}
    assert (outcome.result, outcome.active, drops["verifying"]) == (Result.DONE, Color.GREEN, 0)
    assert receipt.load.dropped > 0
    (watched,) = [step for step in receipt.steps if step.id == "watch"]
    assert watched.detail.startswith("0 dropped / ")
    assert f"{receipt.load.dropped:,} dropped of those due earlier" in watched.detail


async def test_a_generator_that_is_killed_in_the_watch_is_no_data_and_the_receipt_says_so() -> None:
    generators = Generators()
    async with embedded_session(ACTOR) as session:
        session.ports = replace(session.ports, make_load=generators)
        session.subscribe(entering(Phase.VERIFYING, lambda: os.kill(generators.pid, signal.SIGKILL)))
        outcome = await session.run(deploy(session, require_zero_drops=True))
        receipt = kept(session)
    assert (outcome.result, outcome.active) == (Result.NEEDS_HUMAN, Color.GREEN)
    assert "killed by signal 9" in outcome.message
    assert any("inconclusive" in text for text in receipt.warnings)
    assert receipt.load is not None
    assert not receipt.load.valid
    assert "no proof, the load generator died (killed by signal 9)" in receipt_markdown(receipt)


@pytest.mark.parametrize("there", [Phase.PREPARING, Phase.VERIFYING])
async def test_a_generator_that_somebody_ends_is_no_proof_although_it_sums_up(there: Phase) -> None:
    generators = Generators()
    async with embedded_session(ACTOR) as session:
        session.ports = replace(session.ports, make_load=generators)
        session.subscribe(entering(there, lambda: os.kill(generators.pid, signal.SIGTERM)))
        outcome = await session.run(deploy(session, require_zero_drops=True))
        receipt = kept(session)
    assert (outcome.result, outcome.active) == (Result.NEEDS_HUMAN, Color.GREEN)
    assert "the load ended before the rollout did" in outcome.message
    assert any("inconclusive" in text for text in receipt.warnings)
    assert receipt.load is not None
    assert (receipt.load.valid, receipt.load.dropped) == (False, 0)
    assert "no proof, the load ended before the rollout did" in receipt_text(receipt, Style(Terminal()))
    assert ET.fromstring(receipt_junit(receipt)).find("testcase[@name='requests']/failure") is not None


async def test_a_generator_that_was_ended_and_still_waits_for_answers_is_no_proof_either() -> None:
    with FaultServer(lambda number: Fault.NEVER if number > 20 else None) as server:
        config = LoadConfig(url=server.url, rate=50.0, phase="planned", timeout=5.0)
        generator = LoadSupervisor(config)
        load = RolloutLoad(generator, config)
        try:
            await load.start()
            await until(lambda: generator.counts().due >= 30)
            assert generator.pid is not None
            os.kill(generator.pid, signal.SIGTERM)
            ended = generator.counts().snapshot
            await until(lambda: generator.counts().snapshot > ended + 3)
            assert generator.summary is None  # it waits for what is in flight
            evidence, _ = await load.stop()
        finally:
            await generator.close()
    assert (evidence.valid, evidence.due > 0) == (False, True)
    assert "the load ended before the rollout did" in evidence.problem


@pytest.mark.parametrize("ended", [False, True], ids=["sends on", "ended"])
async def test_a_load_that_ran_long_before_the_rollout_is_judged_by_whether_it_still_sends(ended: bool) -> None:  # noqa: FBT001 - a parameter
    with FaultServer(lambda number: Fault.NEVER if number == 60 and ended else None) as server:
        config = LoadConfig(url=server.url, rate=50.0, phase="planned", timeout=5.0)
        generator = LoadSupervisor(config)
        try:
            started = await generator.start()
            await until(lambda: generator.counts().elapsed > 1.0)
            load = RolloutLoad(LoadTap(generator, started, config), config)
            await load.start()
            await until(lambda: generator.counts().due > 70)
            if ended:
                assert generator.pid is not None
                os.kill(generator.pid, signal.SIGTERM)
                await until(lambda: generator.counts().ended != "")
            evidence, _ = await load.stop()
        finally:
            await generator.close()
    found = "the load ended before the rollout did: somebody ended the generator (SIGTERM)"
    assert (evidence.valid, evidence.problem) == ((False, found) if ended else (True, ""))
    assert evidence.due > 0


async def test_a_generator_that_stalls_leaves_what_it_had_counted_whatever_an_answer_may_take() -> None:
    generators = Generators()
    async with embedded_session(ACTOR) as session:
        session.spec = replace(session.spec, smoke=replace(session.spec.smoke, timeout=15.0))
        session.ports = replace(session.ports, make_load=generators)
        session.subscribe(entering(Phase.VERIFYING, lambda: os.kill(generators.pid, signal.SIGSTOP)))
        outcome = await session.run(deploy(session, require_zero_drops=True))
        receipt = kept(session)
    assert (outcome.result, outcome.active) == (Result.NEEDS_HUMAN, Color.GREEN)
    assert "has said nothing" in outcome.message
    assert receipt.load is not None
    assert (receipt.load.valid, receipt.load.due > 0) == (False, True)
    assert "has said nothing" in receipt.load.problem


async def test_a_rollout_that_is_cancelled_leaves_no_generator_behind() -> None:
    generators = Generators()
    watching = asyncio.Event()
    async with embedded_session(ACTOR) as session:
        session.ports = replace(session.ports, make_load=generators)
        session.subscribe(entering(Phase.VERIFYING, watching.set))
        rolling = asyncio.ensure_future(session.run(deploy(session)))
        await asyncio.wait_for(watching.wait(), 60)
        rolling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rolling
        receipt = kept(session)
    assert receipt.exit_code == 130
    assert receipt.load is not None
    assert receipt.load.valid
    assert receipt.load.dropped == 0
    assert not alive(generators.pid)
