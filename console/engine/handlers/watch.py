"""Watching a release under traffic."""

from __future__ import annotations

import asyncio
from typing import assert_never

from console.engine.handlers.ready import contradiction, died
from console.engine.world import World
from console.model.errors import InconclusiveError, RuntimeFailedError
from console.model.events import Warned
from console.model.observed import Health, Replica
from console.model.spec import Inconclusive, WatchSpec
from console.model.steps import Watch
from console.ports.load import LoadCounts
from console.ports.runtime import ReplicaChanged

TICK = 0.1
"""Seconds between looks at the counters; what they say is acted upon within a second."""


async def watch(step: Watch, world: World) -> str:
    """Watch the color's replicas, and the synthetic load when there is one, for the window.

    Raises:
        RuntimeFailedError: a replica was lost or is unhealthy, or too many requests were dropped.
    """
    async with world.ports.runtime.changes() as changes:
        witness = asyncio.ensure_future(contradiction(changes, step.color))
        try:
            text = await _window(step, world, witness)
        finally:
            witness.cancel()
            await asyncio.gather(witness, return_exceptions=True)
    await _healthy(step, world)
    return text


async def _window(step: Watch, world: World, witness: asyncio.Future[ReplicaChanged]) -> str:
    clock, load = world.ports.clock, world.load
    end = clock.monotonic() + step.window
    before = load.counts() if load else None
    shown = clock.monotonic()
    while (now := clock.monotonic()) < end:
        if witness.done():
            raise died(step.color, witness.result(), "serve")
        if load and before:
            judge(load.counts(), before, world.spec.watch)
        if now - shown >= 1.0:
            shown = now
            world.progress(_so_far(load.counts(), before) if load and before else "replicas stay up", left=end - now)
        await clock.sleep(min(TICK, end - now))
    if load is None or before is None:
        return "replicas stayed up; no load was asked for, so no requests were judged"
    after = load.counts()
    judge(after, before, world.spec.watch)
    return _conclude(after, before, world)


def _so_far(after: LoadCounts, before: LoadCounts) -> str:
    return f"{after.dropped - before.dropped:,} dropped / {after.done - before.done:,}"


def judge(after: LoadCounts, before: LoadCounts, spec: WatchSpec) -> None:
    """Raise `RuntimeFailedError` when enough requests were sent and too many of them were dropped."""
    done, dropped = after.done - before.done, after.dropped - before.dropped
    if done >= spec.min_requests and dropped > spec.max_failure_ratio * done:
        raise RuntimeFailedError(
            "keep the release",
            f"{dropped} of {done} synthetic requests were dropped, more than {spec.max_failure_ratio:.2%}",
        )


def _conclude(after: LoadCounts, before: LoadCounts, world: World) -> str:
    """What a window that brought no failure means: enough requests, or too few to tell."""
    done, spec = after.done - before.done, world.spec.watch
    if after.alive and done >= spec.min_requests:
        return f"{after.dropped - before.dropped:,} dropped / {done:,} synthetic requests"
    why = after.problem or "the load generator gave no data" if not after.alive else f"{done} requests"
    text = f"inconclusive: {why}, {spec.min_requests} needed"
    match spec.inconclusive:
        case Inconclusive.ROLLBACK:
            raise RuntimeFailedError("judge the release", text)
        case Inconclusive.PAUSE:
            if world.hold is None:
                raise InconclusiveError("judge the release", text, next_command="rollout drain")
            world.hold()
        case Inconclusive.CONTINUE:
            pass
        case _:
            assert_never(spec.inconclusive)
    world.publish(Warned(text=f"the watch is {text}", hint="raise x-rollout.load.rate or watch.window"))
    return text


async def _healthy(step: Watch, world: World) -> None:
    """Have Docker's own word on every replica, as far as a healthcheck is defined."""
    while True:
        replicas = await world.replicas(step.color)
        if not replicas or any(replica.health is Health.UNHEALTHY for replica in replicas):
            raise RuntimeFailedError(f"watch {step.color.value}", _states(replicas))
        if not any(replica.health is Health.STARTING for replica in replicas):
            return
        if world.remaining() <= 0:
            # It answered all along; a healthcheck that is asked rarely must not withdraw a good release.
            text = f"{_states(replicas)}: Docker has not asked often enough to say more; it answers on its ready path"
            world.publish(Warned(text=text, hint="set healthcheck.start_interval"))
            return
        await world.ports.clock.sleep(TICK)


def _states(replicas: tuple[Replica, ...]) -> str:
    return ", ".join(f"{replica.name} is {replica.health.value}" for replica in replicas) or "no replica runs"
