"""Readiness: the engine's own probe of every replica, with Docker's pushed events as the second witness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from console.engine.world import World
from console.model.color import Color
from console.model.errors import RefusedError, RolloutError, RuntimeFailedError
from console.model.observed import Health, Replica
from console.model.steps import AwaitReady
from console.ports.runtime import ReplicaChanged

SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 0.25
"""Seconds between probes, the shortest and the longest."""
SHARE = 0.1
"""Between the two a pause is this share of the time waited so far, which bounds what the last one can cost."""
PROBE_TIMEOUT = 2.0
"""Seconds for one probe."""
NAMING = 1.0
"""Seconds that the name of a lost replica may take: nothing waits for it longer."""
PAST = {
    "die": "ended",
    "oom": "ran out of memory",
    "destroy": "was removed",
    "unhealthy": "is unhealthy",
    "exited": "has ended",
    "restarting": "ends and is restarted",
}
"""What became of a replica, in words; other states are told as they are."""
FATAL = frozenset({"die", "oom", "destroy", "unhealthy"})


async def await_ready(step: AwaitReady, world: World) -> str:
    """Wait until each replica answers 2xx several times in a row.

    A replica that dies or that Docker calls unhealthy ends the wait at once.

    Raises:
        DeadlineError: not every replica was ready in time.
        RuntimeFailedError: a replica died or is unhealthy.
        RefusedError: there is no replica.
    """
    async with world.ports.runtime.changes() as changes:
        replicas = await _started(step.color, world)
        waiting = [replica.name for replica in replicas]
        probes = [asyncio.ensure_future(_ready(replica, step, world, waiting)) for replica in replicas]
        witness = asyncio.ensure_future(contradiction(changes, step.color))
        try:
            attempts = await _all_or_contradicted(probes, witness, step.color, world)
        finally:
            for task in (*probes, witness):
                task.cancel()
            await asyncio.gather(*probes, witness, return_exceptions=True)
    count = "1 replica" if len(replicas) == 1 else f"{len(replicas)} replicas"
    return f"{count} ready after {max(attempts)} probes"


async def _all_or_contradicted(
    probes: Sequence[asyncio.Future[int]], witness: asyncio.Future[ReplicaChanged], color: Color, world: World
) -> list[int]:
    waiting: set[asyncio.Future[int] | asyncio.Future[ReplicaChanged]] = {*probes, witness}
    while not all(probe.done() for probe in probes):
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if witness in done:
            raise await died(color, witness.result(), "become ready", world)
        for probe in probes:
            if probe.done():
                probe.result()
    return [probe.result() for probe in probes]


async def contradiction(changes: AsyncIterator[ReplicaChanged], color: Color) -> ReplicaChanged:
    """The first event that says that a replica of this color can't serve."""
    async for change in changes:
        if change.color is color and change.what in FATAL:
            return change
    await asyncio.Event().wait()  # the stream ended without a word: the probes alone decide
    raise AssertionError("unreachable")


async def died(color: Color, change: ReplicaChanged, attempted: str, world: World) -> RuntimeFailedError:
    """The error for a replica that was lost while it was waited for, by its name as long as that can be asked for."""
    name = change.id[:12]
    with suppress(RolloutError, TimeoutError):
        async with asyncio.timeout(NAMING):
            there = await world.ports.runtime.replicas()
        name = next((replica.name for replica in there if replica.id == change.id), name)
    code = "" if change.exit_code is None else f" with exit code {change.exit_code}"
    what = PAST.get(change.what, change.what)
    return RuntimeFailedError(f"let {color.value} {attempted}", f"replica {name} {what}{code}")


async def _started(color: Color, world: World) -> Sequence[Replica]:
    every = tuple(replica for replica in await world.ports.runtime.replicas() if replica.color is color)
    for replica in every:
        if not replica.running or replica.health is Health.UNHEALTHY:
            what = replica.state.value if not replica.running else "unhealthy"
            gone = ReplicaChanged(id=replica.id, color=color, what=what, exit_code=replica.exit_code)
            raise await died(color, gone, "become ready", world)
    if not every:
        raise RefusedError(f"verify {color.value}", f"{color.value} has no replica", next_command="rollout deploy")
    return every


async def _ready(replica: Replica, step: AwaitReady, world: World, waiting: list[str]) -> int:
    """Probe one replica until it is ready; returns how many probes that took.

    Args:
        replica: the one to ask.
        step: what it is asked, and how often it has to answer well.
        world: the rollout.
        waiting: the names of those that are not ready yet; shared by all of them.
    """
    clock = world.ports.clock
    in_a_row, attempts, began = 0, 0, clock.awake()
    shown = began
    while True:
        attempts += 1
        found = "no address yet"
        if replica.address:
            answer = await world.ports.proxy.probe_replica(
                replica.address, step.path, timeout=max(0.1, min(PROBE_TIMEOUT, world.remaining()))
            )
            good = answer.status is not None and 200 <= answer.status < 300  # noqa: PLR2004 - RFC 9110 §15.3
            in_a_row = in_a_row + 1 if good else 0
            found = answer.problem or f"status {answer.status}"
            if in_a_row >= step.successes:
                waiting.remove(replica.name)
                return attempts
        world.expire(f"wait until {replica.name} is ready", f"{found} on {step.path} after {attempts} probes")
        if clock.awake() - shown >= 1.0:
            shown = clock.awake()
            if waiting[0] == replica.name:  # one of them speaks for all, or the lines would take turns
                others = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
                world.progress(f"{replica.name}{others}: {found} on {step.path}")
        if in_a_row:
            continue
        await clock.sleep(min(LONGEST_PAUSE, max(SHORTEST_PAUSE, SHARE * (clock.awake() - began))))
