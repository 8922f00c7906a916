"""Watching a release under traffic."""

from __future__ import annotations

import asyncio

from console.engine.handlers.ready import contradiction, died
from console.engine.handlers.watch_load import TICK, LoadJudge
from console.engine.world import World
from console.model.errors import RuntimeFailedError
from console.model.events import Warned
from console.model.observed import Health, Replica
from console.model.steps import Watch
from console.ports.runtime import ReplicaChanged

_HEALTH_PATIENCE = 5.0
"""Seconds beyond the window that Docker gets for its own word on every replica."""


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
    clock = world.ports.clock
    load = LoadJudge(world.load, world) if world.load else None
    end = clock.awake() + step.window
    shown = float("-inf")
    while (now := clock.awake()) < end:
        if witness.done():
            raise await died(step.color, witness.result(), "serve", world)
        if load:
            load.look()
        if now - shown >= 1.0:
            shown = now
            world.progress(load.so_far() if load else "replicas stay up", left=end - now)
        await clock.sleep(min(TICK, end - now))
    if witness.done():
        raise await died(step.color, witness.result(), "serve", world)
    if load is None:
        return "replicas stayed up; no load was asked for, so no requests were judged"
    counts = await load.settle(witness.done)
    if witness.done():
        raise await died(step.color, witness.result(), "serve", world)
    return load.conclude(counts)


async def _healthy(step: Watch, world: World) -> None:
    """Have Docker's own word on every replica, as far as a healthcheck is defined."""
    end = world.ports.clock.awake() + min(_HEALTH_PATIENCE, world.remaining())
    while True:
        replicas = await world.replicas(step.color)
        if not replicas or any(replica.health is Health.UNHEALTHY for replica in replicas):
            raise RuntimeFailedError(f"watch {step.color.value}", _states(replicas))
        if not any(replica.health is Health.STARTING for replica in replicas):
            return
        if world.ports.clock.awake() >= end:
            # It answered all along; a healthcheck that is asked rarely must not withdraw a good release.
            text = f"{_states(replicas)}: Docker has not asked often enough to say more; it answers on its ready path"
            world.publish(Warned(text=text, hint="set healthcheck.start_interval"))
            return
        await world.ports.clock.sleep(TICK)


def _states(replicas: tuple[Replica, ...]) -> str:
    return ", ".join(f"{replica.name} is {replica.health.value}" for replica in replicas) or "no replica runs"
