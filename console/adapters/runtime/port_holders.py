"""Who has a port of this machine that the proxy is to publish: the usual reason why it can't start."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from console.adapters.runtime import compose_command
from console.adapters.runtime.container_replica import PROJECT_LABEL, Tree, branch, leaf, listed
from console.adapters.runtime.docker_client import DockerClient
from console.model.errors import RuntimeFailedError
from console.model.facts import PortHolder, PublishedPort
from console.model.spec import Spec

_TAKEN = re.compile(
    r"(?:Bind for|listen tcp[46]?) \S+:(?P<port>[0-9]+)(?: failed: port is already allocated|: bind: address already)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """One container that publishes one port."""

    port: int
    address: str
    name: str
    service: str
    project: str


async def holders(client: DockerClient, spec: Spec, ports: Iterable[PublishedPort]) -> tuple[PortHolder, ...]:
    """Containers other than the proxy's own that publish one of these ports. Raises `RuntimeFailedError`."""
    found = [one for one in await _publishing(client) if (one.project, one.service) != _proxy(spec)]
    holding = (
        PortHolder(port=one.port, container=one.name, own_stack=one.project == spec.project)
        for port in ports
        for one in found
        if one.port == port.published and _meet(one.address, port.host_ip)
    )
    return tuple(dict.fromkeys(holding))  # Docker lists a port for each family of addresses


async def explained(
    error: RuntimeFailedError, client: DockerClient, spec: Spec, *, override: Path
) -> RuntimeFailedError:
    """The error of an `up` of the proxy; where a port was taken, with who has it and the way on."""
    taken = _TAKEN.search(error.found)
    if taken is None:
        return error
    port = int(taken["port"])
    try:
        everyone = await _publishing(client)
    except RuntimeFailedError:
        return error
    found = [one for one in everyone if one.port == port and (one.project, one.service) != _proxy(spec)]
    if not found:
        text, command = f"port {port} is taken by a process outside Docker", f"ss -ltnp 'sport = :{port}'"
    elif found[0].project == spec.project:
        text = (
            f"port {port} is still published by {found[0].name}. Handing it over, once, is the one moment when "
            f"nobody is served: {found[0].service} is made anew without it, then the proxy takes it"
        )
        services = (found[0].service, spec.proxy.service)
        command = shlex.join((*compose_command.compose(spec, override=override), "up", "-d", *services))
    else:
        text = f"port {port} is published by {found[0].name} of the project {found[0].project}; give the proxy another"
        command = f"docker ps --filter publish={port}"
    return RuntimeFailedError(error.attempted, text, now=error.now, next_command=command)


def _proxy(spec: Spec) -> tuple[str, str]:
    return spec.project, spec.proxy.service


def _meet(one: str, other: str) -> bool:
    everywhere = {"", "0.0.0.0", "::"}  # noqa: S104 - as Docker names it
    return one == other or one in everywhere or other in everywhere


async def _publishing(client: DockerClient) -> list[Publishing]:
    entries: list[Tree] = await client.call("list who publishes a port", lambda api: api.containers())
    return [
        Publishing(
            port=int(str(port["PublicPort"])),
            address=leaf(port, "IP"),
            name=(one := listed(entry)).name,
            service=one.service,
            project=leaf(branch(entry, "Labels"), PROJECT_LABEL),
        )
        for entry in entries
        for port in _ports(entry)
    ]


def _ports(entry: Tree) -> list[dict[str, object]]:
    ports = entry.get("Ports")
    each = ports if isinstance(ports, list) else []
    return [port for port in each if isinstance(port, dict) and port.get("PublicPort")]
