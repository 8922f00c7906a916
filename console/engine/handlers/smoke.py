"""Smoke: one request that must get the expected status, asked a few times."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from console.engine.world import World
from console.model.errors import RuntimeFailedError
from console.model.steps import SmokeProxy, SmokeReplicas
from console.ports.proxy import Answer


async def smoke_replicas(step: SmokeReplicas, world: World) -> str:
    """Ask every replica directly, side by side."""
    parts = urlsplit(world.spec.smoke.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    replicas = await world.replicas(step.color)
    if not replicas:
        raise RuntimeFailedError(f"smoke {step.color.value}", "it has no running replica")

    async def one(name: str, address: str | None) -> int:
        if address is None:
            raise RuntimeFailedError(f"smoke {name}", "it has no address on the proxy's network")
        return await attempt(
            f"{name}{path}",
            lambda: world.ports.proxy.probe_replica(address, path, timeout=world.spec.smoke.timeout),
            world,
        )

    asked = [asyncio.ensure_future(one(replica.name, replica.address)) for replica in replicas]
    try:
        tried = await asyncio.gather(*asked)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    return f"{path} gave {world.spec.smoke.status} at attempt {max(tried)}"


async def smoke_proxy(step: SmokeProxy, world: World) -> str:
    """Ask through the proxy's published address, as a user would."""
    url = world.spec.smoke.url
    tried = await attempt(url, lambda: world.ports.proxy.probe_url(url, timeout=world.spec.smoke.timeout), world)
    return f"{step.color.value} gave {world.spec.smoke.status} at attempt {tried}"


async def attempt(what: str, ask: Callable[[], Awaitable[Answer]], world: World) -> int:
    """Ask until the expected status comes; returns the attempt's number, from 1.

    There is no pause after the last attempt and none after a success. No answer (refused, TLS, DNS, time-out) counts
    as a wrong one.

    Raises:
        RuntimeFailedError: no attempt got the expected status.
    """
    smoke = world.spec.smoke
    found = "not asked"
    for number in range(1, smoke.attempts + 1):
        answer = await ask()
        if answer.status == smoke.status:
            return number
        found = answer.problem if answer.status is None else f"status {answer.status}"
        world.progress(f"{what}: {found}, attempt {number} of {smoke.attempts}")
        if number < smoke.attempts:
            await world.ports.clock.sleep(smoke.delay)
    raise RuntimeFailedError(f"smoke {what}", f"{found} instead of {smoke.status}, {smoke.attempts} attempts")
