"""What a replica uses, from one-shot samples: two milliseconds each, where the streaming kind takes two seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from console.adapters.runtime.container_replica import Tree, branch
from console.adapters.runtime.docker_client import DockerClient
from console.ports.runtime import ReplicaStats

CONCURRENCY = 8
_REMEMBERED = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reading of the counters."""

    cpu: int
    """CPU time that the container used, nanoseconds."""
    system: int
    """CPU time that the whole machine used on all its cores, nanoseconds."""
    cores: int
    memory: int


class StatsReader:
    """Reads samples, a few at a time, and compares each with the last one of the same container."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._last: dict[str, Sample] = {}
        self._gate = asyncio.Semaphore(CONCURRENCY)

    async def read(self, container: str) -> ReplicaStats:
        """The use since the last call for this container. Raises `RuntimeFailedError`."""
        async with self._gate:
            answer = await self._client.call(
                f"read the statistics of {container[:12]}",
                lambda api: api.stats(container, stream=False, one_shot=True),
            )
        now, before = sample(answer), self._last.pop(container, None)
        self._last[container] = now
        while len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]
        return ReplicaStats(cpu_percent=used(before, now), memory_bytes=now.memory)


def sample(answer: Tree) -> Sample:
    """The counters of one answer; a stopped container's are 0."""
    cpu = branch(answer, "cpu_stats")
    memory = branch(answer, "memory_stats")
    extra = branch(memory, "stats")
    # cgroup v2 and v1 have different names for the page cache that is given back under pressure.
    cache = _number(extra, "inactive_file") or _number(extra, "total_inactive_file")
    return Sample(
        cpu=_number(branch(cpu, "cpu_usage"), "total_usage"),
        system=_number(cpu, "system_cpu_usage"),
        cores=_number(cpu, "online_cpus") or 1,
        memory=max(0, _number(memory, "usage") - cache),
    )


def used(before: Sample | None, now: Sample) -> float | None:
    """CPU use between two samples in percent of one core; None when that can't be told."""
    if before is None or now.system <= before.system or now.cpu < before.cpu:
        return None
    return (now.cpu - before.cpu) / (now.system - before.system) * now.cores * 100.0


def _number(tree: Tree, key: str) -> int:
    value = tree.get(key)
    return value if isinstance(value, int) else 0
