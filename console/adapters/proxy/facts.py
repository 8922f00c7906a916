"""What a running nginx says of itself, for the preflight check."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from console.adapters.proxy.control import CONTROL_TIMEOUT, Control
from console.adapters.proxy.dump import dumped_facts
from console.adapters.proxy.workers import command_of, master_of
from console.model.errors import ProxyGoneError, ProxyUnreachableError
from console.model.facts import ProxyFacts
from console.model.spec import Spec
from console.ports.proxy_host import ProxyHost

DUMP_DEADLINE = 15.0
CONNECT_TIMEOUT = 1.0
PATIENCE = 2.0
"""Seconds in which a further look is begun. A look that takes long itself has no second one."""
PAUSE = 0.25
"""Seconds between two looks. Docker restarts what ends after 0.1 s, then 0.2, 0.4 and so on: one look meets a pause."""


async def proxy_facts(spec: Spec, host: ProxyHost) -> ProxyFacts | None:
    """The facts of the running proxy; None when it does not run. Changes nothing.

    One that ends again and again runs for a moment each time: what can't be read then is looked at once more.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + PATIENCE
    while True:
        try:
            facts = await _read(spec, host)
        except ProxyGoneError as error:
            return ProxyFacts(crashed=error.found) if error.crashing else None
        except ProxyUnreachableError:
            facts = None
        if facts is not None or clock() >= end:
            return facts
        await asyncio.sleep(PAUSE)


async def _read(spec: Spec, host: ProxyHost) -> ProxyFacts | None:
    """The facts; None when there is no nginx yet, or none any more. Raises `ProxyUnreachableError`."""
    master = master_of(await host.processes())
    if master is None:
        return None
    command = command_of(master)
    dump = await host.run((*command, "-T"), deadline=DUMP_DEADLINE)
    version = await host.run((*command, "-v"), deadline=DUMP_DEADLINE)
    published = await host.published(spec.proxy.control_port)
    facts = ProxyFacts() if spec.proxy.target is None else dumped_facts(spec, dump, version=version.output)
    forwarded = await host.addresses()
    return replace(
        facts,
        control_published=published or "",
        control_answers=await _answers(spec, host),
        forwarded=forwarded,
        refused_at=await _refused(forwarded),
    )


async def _answers(spec: Spec, host: ProxyHost) -> bool:
    try:
        await Control(host, spec.proxy.control_port).generation(timeout=CONTROL_TIMEOUT)
    except ProxyUnreachableError:
        return False
    return True


async def _refused(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Those at which nobody listens. One that can't be tried in time, or at all, says nothing.

    Of IPv4 only: without its userland proxy Docker lists `[::]`, and forwards nothing from `[::1]`.
    """

    async def refused(address: str) -> bool:
        host, _, port = address.rpartition(":")
        if host.startswith("["):
            return False
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, writer = await asyncio.open_connection(host, int(port))
        except ConnectionRefusedError:
            return True
        except OSError:  # a time-out, too
            return False
        writer.close()
        return False

    found = await asyncio.gather(*map(refused, addresses))
    return tuple(address for address, nobody in zip(addresses, found, strict=True) if nobody)
