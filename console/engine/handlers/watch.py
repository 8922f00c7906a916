"""Watching a release under traffic."""

from __future__ import annotations

import asyncio
from typing import assert_never

from console.engine.handlers.ready import contradiction, died
from console.engine.world import World
from console.model.errors import InconclusiveError, RuntimeFailedError
from console.model.events import Warned
from console.model.observed import Health, Replica
from console.model.phase import Phase
from console.model.spec import Inconclusive, WatchSpec
from console.model.steps import Watch
from console.ports.load import Load, LoadCounts
from console.ports.runtime import ReplicaChanged

PHASE = Phase.VERIFYING.value
"""Requests that were due in it are the new release's. What was due before, and fails meanwhile, is the old one's."""
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
    shown = clock.monotonic()
    while (now := clock.monotonic()) < end:
        if witness.done():
            raise await died(step.color, witness.result(), "serve", world)
        if load:
            judge(load.counts_in(PHASE), world.spec.watch)
        if now - shown >= 1.0:
            shown = now
            world.progress(_so_far(load) if load else "replicas stay up", left=end - now)
        await clock.sleep(min(TICK, end - now))
    if load is None:
        return "replicas stayed up; no load was asked for, so no requests were judged"
    judge(load.counts_in(PHASE), world.spec.watch)
    return _conclude(load, world)


def _so_far(load: Load) -> str:
    counts = load.counts_in(PHASE)
    return f"{counts.dropped:,} dropped / {counts.done:,}{_beside(load, counts)}"


def _beside(load: Load, counts: LoadCounts) -> str:
    """What is no drop of this release's, for information."""
    earlier = load.counts().dropped - counts.dropped
    unexpected = f", {counts.unexpected:,} unexpected" if counts.unexpected else ""
    return unexpected + (f" ({earlier:,} dropped of those due earlier)" if earlier > 0 else "")


def judge(counts: LoadCounts, spec: WatchSpec) -> None:
    """Raise `RuntimeFailedError` when enough requests were sent and too many of them were dropped."""
    done, dropped = counts.done, counts.dropped
    if done >= spec.min_requests and dropped > spec.max_failure_ratio * done:
        raise RuntimeFailedError(
            "keep the release",
            f"{dropped} of {done} synthetic requests were dropped, more than {spec.max_failure_ratio:.2%}",
        )


def _conclude(load: Load, world: World) -> str:
    """What a window that brought no failure means: enough requests, or too few to tell."""
    counts, spec = load.counts_in(PHASE), world.spec.watch
    if not counts.alive:
        why, hint = counts.problem or "the load generator gave no data", "rollout load, to see it alone"
    elif counts.not_sent:
        why, hint = (
            f"{counts.not_sent:,} requests were never sent: the generator's own limit",
            "lower x-rollout.load.rate",
        )
    elif counts.done < spec.min_requests:
        why = f"{counts.done} requests, {spec.min_requests} needed"
        hint = "raise x-rollout.load.rate or watch.window"
    else:
        if counts.unexpected == counts.done:
            world.publish(Warned(text="every answer was unexpected (4xx)", hint="correct x-rollout.load.url"))
        return f"{counts.dropped:,} dropped / {counts.done:,} synthetic requests{_beside(load, counts)}"
    text = f"inconclusive: {why}"
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
    world.publish(Warned(text=f"the watch is {text}", hint=hint))
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
