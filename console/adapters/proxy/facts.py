"""What a running nginx says of itself, for the preflight check."""

from __future__ import annotations

from dataclasses import replace

from console.adapters.proxy.control import CONTROL_TIMEOUT, Control
from console.adapters.proxy.workers import command_of, master_of
from console.model.errors import ProxyGoneError, ProxyUnreachableError
from console.model.facts import ProxyFacts
from console.model.spec import Spec
from console.planning.preflight import parse_nginx
from console.ports.proxy_host import ProxyHost

DUMP_DEADLINE = 15.0


async def proxy_facts(spec: Spec, host: ProxyHost) -> ProxyFacts | None:
    """The facts of the running proxy; None when it does not run. Changes nothing."""
    try:
        master = master_of(await host.processes())
        if master is None:
            return None
        command = command_of(master)
        dump = await host.run((*command, "-T"), deadline=DUMP_DEADLINE)
        version = await host.run((*command, "-v"), deadline=DUMP_DEADLINE)
        published = await host.published(spec.proxy.control_port)
    except ProxyGoneError as error:
        return ProxyFacts(crashed=error.found) if error.crashing else None
    except ProxyUnreachableError:
        return None
    target = spec.proxy.target
    facts = (
        ProxyFacts()
        if target is None
        else parse_nginx(
            dump.output,
            generated=target / spec.upstream_file.name,
            control_port=spec.proxy.control_port,
            version=version.output,
            services=frozenset(spec.services.values()),
        )
    )
    return replace(facts, control_published=published or "", control_answers=await _answers(spec, host))


async def _answers(spec: Spec, host: ProxyHost) -> bool:
    try:
        await Control(host, spec.proxy.control_port).generation(timeout=CONTROL_TIMEOUT)
    except ProxyUnreachableError:
        return False
    return True
