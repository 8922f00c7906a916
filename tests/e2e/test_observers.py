"""Observers on real Docker and a real nginx: what is pushed, what is polled, what is said while the engine is away."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from console.config.load import load_spec
from console.config.options import Options
from console.engine import history
from console.model.color import Color
from console.model.observed import Health, Replica, ReplicaState
from console.model.phase import Phase
from console.model.request import Actor
from console.observe.observer import StackObserver
from console.observe.rollout import StepStatus
from console.observe.sources import History, Pace
from console.observe.view import Connection, Source, StackView
from console.wiring import open_session
from tests.e2e.conftest import Operator, shell_environment
from tests.support.engine import docker_required, missing_docker, remove_project
from tests.support.relay import Relay
from tests.support.stack import ReferenceStack, copy_reference_stack

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DEADLINE = 60.0
PROMPT = 20.0
"""Seconds: on an idle machine it is a tenth of one, and a poll would take an hour."""
PUSHED = Pace(replicas=3600.0, settle=3600.0)
"""No poll of the replicas: what changes was pushed."""
ACTOR = Actor(user="test", host="here", pid=os.getpid(), command="rollout")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]) -> Iterator[ReferenceStack]:
    """Two replicas of each color, up and healthy; blue serves."""
    if missing_docker() and not docker_required():
        pytest.skip(missing_docker())
    http_port, control_port = free_ports(2)
    project = f"rollout-observe-{uuid.uuid4().hex[:8]}"
    directory = tmp_path_factory.mktemp("observe") / "stack"
    stack = copy_reference_stack(directory, project=project, http_port=http_port, control_port=control_port)
    with (directory / ".env").open("a") as file:
        file.write("REPLICAS=2\n")
    compose = directory / "docker-compose.yml"
    compose.write_text(compose.read_text().replace("window: 10s", "window: 2s"))
    try:
        stack.compose("--profile", "green", "build")
        Operator(stack=stack).rollout("up")
        stack.compose("--profile", "green", "up", "-d", "--wait", "--no-recreate")
        yield stack
    finally:
        remove_project(project)


@dataclass(kw_only=True)
class Watching:
    """What was told so far."""

    observer: StackObserver
    task: asyncio.Task[None]
    told: list[tuple[float, StackView]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, view: StackView) -> None:
        self.told.append((time.monotonic(), view))
        self.changed.set()

    @property
    def last(self) -> StackView:
        return self.told[-1][1]

    async def until(self, what: Callable[[StackView], bool], *, since: float = 0.0) -> float:
        """Wait for a view like that, told after `since`; returns when it was told."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for at, view in self.told:
                    if at >= since and what(view):
                        return at
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def watching(stack: ReferenceStack, pace: Pace | None = None) -> AsyncIterator[Watching]:
    spec = await asyncio.to_thread(load_spec, Options(directory=stack.directory), shell_environment())
    session = await open_session(spec, ACTOR, read_only=True)
    try:
        standing = History(releases=history.recent, standby=history.standby_since)
        observer = StackObserver(spec, session.ports, standing, pace=pace)
        seen = Watching(observer=observer, task=asyncio.current_task())  # type: ignore[arg-type]
        seen.task = asyncio.create_task(observer.run(seen.hear))
        try:
            await seen.until(lambda view: view.complete and view.connection is Connection.LIVE)
            del seen.told[:-1]
            yield seen
        finally:
            seen.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                async with asyncio.timeout(30):
                    await seen.task
    finally:
        await session.close()


def green(view: StackView) -> tuple[Replica, ...]:
    return view.observed.of(Color.GREEN)


async def run(stack: ReferenceStack, *command: str) -> float:
    """Type a Docker command, past any relay; returns when it was over."""
    await asyncio.to_thread(stack.run, "env", "--unset=DOCKER_HOST", "docker", *command)
    return time.monotonic()


async def restore_green(stack: ReferenceStack) -> None:
    await run(stack, "compose", "--profile", "green", "up", "-d", "--wait", "--no-deps", "app_green")


async def test_a_replica_that_is_killed_is_seen_by_the_event_and_one_that_is_started_too(stack: ReferenceStack) -> None:
    async with watching(stack, PUSHED) as seen:
        victim = green(seen.last)[0]
        try:
            over = await run(stack, "kill", victim.name)
            at = await seen.until(
                lambda view: any(
                    one.id == victim.id and one.state is ReplicaState.EXITED and one.exit_code == 137
                    for one in green(view)
                )
            )
            assert at - over < PROMPT
            await seen.until(
                lambda view: any(
                    (one.replica, one.what, one.exit_code) == (victim.name, "die", 137) for one in view.news
                )
            )
            began = await run(stack, "start", victim.name)
            at = await seen.until(lambda view: all(one.running for one in green(view)), since=began - 1)
            at = await seen.until(lambda view: all(one.health is Health.HEALTHY for one in green(view)), since=at)
            assert {one.id for one in green(seen.last)} == {one.id for one in green(seen.told[0][1])}
        finally:
            await restore_green(stack)


async def test_replicas_that_are_stopped_and_made_anew_are_seen_with_their_new_ids(stack: ReferenceStack) -> None:
    async with watching(stack, PUSHED) as seen:
        before = {one.id for one in green(seen.last)}
        assert len(before) == 2
        try:
            over = await run(stack, "compose", "--profile", "green", "stop", "-t", "1", "app_green")
            at = await seen.until(lambda view: not any(one.running for one in green(view)))
            assert at - over < PROMPT
            over = await run(
                stack, "compose", "--profile", "green", "up", "-d", "--no-deps", "--force-recreate", "app_green"
            )
            at = await seen.until(
                lambda view: (
                    len(green(view)) == 2
                    and not before & {one.id for one in green(view)}
                    and all(one.running for one in green(view))
                )
            )
            assert at - over < PROMPT
            await seen.until(lambda view: [one.health for one in green(view)] == [Health.HEALTHY] * 2, since=at)
            assert sorted(one.name for one in green(seen.last)) == [f"{stack.project}-app_green-{n}" for n in (1, 2)]
        finally:
            await restore_green(stack)


async def test_what_the_replicas_use_is_shown(stack: ReferenceStack) -> None:
    async with watching(stack, Pace(stats=0.3)) as seen:
        await seen.until(lambda view: len(view.usage) == 4 and view.usage_of(Color.BLUE)[0] is not None)
        assert seen.last.usage_of(Color.BLUE)[1] > 5 << 20


async def test_a_proxy_that_is_gone_is_told_and_comes_back(stack: ReferenceStack) -> None:
    async with watching(stack) as seen:
        assert seen.last.observed.served is Color.BLUE
        try:
            await run(stack, "compose", "stop", "-t", "0", "proxy")
            await seen.until(lambda view: view.observed.upstream.live is None)
            assert Source.PROXY in {trouble.source for trouble in seen.last.problems}
            assert seen.last.last_live is not None
            assert seen.last.connection is Connection.LIVE
        finally:
            began = await run(stack, "compose", "start", "proxy")
        await seen.until(lambda view: not view.problems and view.observed.served is Color.BLUE, since=began)


@pytest.fixture
async def relay(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Relay]:
    directory = Path(tempfile.mkdtemp(prefix="relay-"))  # a socket's path is short: not under pytest's own
    relay = Relay(directory / "docker.sock")
    await relay.open()
    monkeypatch.setenv("DOCKER_HOST", relay.address)
    yield relay
    await relay.cut()
    gc.collect()  # here, where the mark below speaks for it
    shutil.rmtree(directory)


left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Docker's SDK leaves the socket of a connection that was refused to the garbage collector."""


@left_open
async def test_an_engine_that_is_cut_off_is_told_with_what_was_seen_and_found_again(
    stack: ReferenceStack, relay: Relay
) -> None:
    async with watching(stack) as seen:
        victim = green(seen.last)[0]
        await relay.cut()
        began = time.monotonic()
        await seen.until(lambda view: view.reconnecting, since=began)
        assert len(seen.last.observed.replicas) == 4
        await seen.until(lambda view: {Source.CONTAINERS, Source.EVENTS} <= {one.source for one in view.problems})
        assert all(one.since and one.text for one in seen.last.problems)
        live = seen.observer.view.observed.upstream.live
        assert live is not None, "users are still seen: that way does not lead through the engine"
        began = time.monotonic()
        await relay.open()
        await seen.until(lambda view: view.connection is Connection.LIVE and not view.problems, since=began)
        try:
            over = await run(stack, "kill", victim.name)
            at = await seen.until(lambda view: any(one.state is ReplicaState.EXITED for one in green(view)))
            assert at - over < PROMPT, "the stream was opened again with the rest"
        finally:
            await restore_green(stack)


@left_open
async def test_an_engine_that_does_not_answer_is_told_after_a_deadline_and_holds_up_no_end(
    stack: ReferenceStack, relay: Relay
) -> None:
    async with watching(stack, Pace(deadline=1.0, proxy_deadline=1.0, sweep_deadline=1.0)) as seen:
        relay.hang()
        began = time.monotonic()
        await seen.until(lambda view: view.reconnecting, since=began)
        assert any("no answer within 1 s" in one.text for one in seen.last.problems)
        relay.flow()
        await seen.until(lambda view: view.connection is Connection.LIVE and not view.problems, since=began)
        relay.hang()
        await asyncio.sleep(0.5)
        began = time.monotonic()
        seen.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await seen.task
        assert time.monotonic() - began < 15.0, "the engine itself would be waited for for a minute"
        relay.flow()


async def test_a_deploy_that_another_process_runs_is_shown_live(stack: ReferenceStack) -> None:
    async with watching(stack) as seen:
        earlier = seen.last.rollout.number if seen.last.rollout else 0
        done = await asyncio.to_thread(Operator(stack=stack).rollout, "deploy")
        assert done.returncode == 0
        await seen.until(
            lambda view: (
                view.rollout is not None
                and view.rollout.number > earlier
                and view.rollout.over
                and not view.rolling
                and not view.problems
            )
        )
        view = seen.last
        assert view.rollout is not None
        assert {step.status for step in view.rollout.steps} == {StepStatus.SUCCEEDED}
        phases = [
            one.rollout.phase for _, one in seen.told if one.rollout and one.rollout.number == view.rollout.number
        ]
        assert {Phase.PREPARING, Phase.DONE} <= set(phases)
        begun = {one.rollout.step.id for _, one in seen.told if one.rollout and one.rollout.step}
        assert len(begun) >= 3, f"steps were seen while they ran: {begun}"
        holders = {one.lock.pid for _, one in seen.told if one.lock}
        assert holders == {view.rollout.pid} != {os.getpid()}
        await seen.until(lambda view: view.observed.served is Color.GREEN and view.observed.recorded is Color.GREEN)
        assert seen.last.standby is not None
        assert seen.last.standby.color is Color.BLUE
        assert [one.drift for _, one in seen.told if one.drift and not one.drift.moving] == []
        assert not any(one.abandoned for _, one in seen.told)
        await asyncio.to_thread(Operator(stack=stack).rollout, "rollback")
        await seen.until(lambda view: view.observed.served is Color.BLUE and not view.rolling)


async def test_at_rest_it_costs_next_to_nothing_and_tells_next_to_nothing(stack: ReferenceStack) -> None:
    async with watching(stack) as seen:
        await asyncio.sleep(3)
        told, cpu, began = len(seen.told), time.process_time(), time.monotonic()
        await asyncio.sleep(8)
        used, took = time.process_time() - cpu, time.monotonic() - began
        assert used / took < 0.06
        assert len(seen.told) - told <= 2 * took
