"""One sweep over what the replicas use: a few at a time, since there is no call that tells it of all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from console.model.errors import RolloutError
from console.model.observed import Replica
from console.ports.runtime import ReplicaStats, Runtime


async def sweep(runtime: Runtime, replicas: Iterable[Replica], *, concurrency: int) -> dict[str, ReplicaStats]:
    """What each of these replicas uses, by its id; one that is gone meanwhile is left out.

    Raises:
        RolloutError: not one of them could be asked.
    """
    waiting = iter(tuple(replicas))
    found: dict[str, ReplicaStats] = {}
    failed: list[RolloutError] = []

    async def ask() -> None:
        for replica in waiting:
            try:
                found[replica.id] = await runtime.stats(replica)
            except RolloutError as error:
                failed.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(ask())
    if failed and not found:
        raise failed[0]
    return found
