"""What a running proxy says of its name and version."""

from __future__ import annotations

import re

from console.adapters.proxy.workers import command_of, master_of
from console.model.errors import ProxyUnreachableError
from console.ports.proxy_host import ProxyHost

DEADLINE = 5.0
_VERSION = re.compile(r"(?P<name>[a-z]+)/(?P<version>[0-9][0-9A-Za-z.+-]*)")
"""Forks say a name of their own."""


async def proxy_versions(host: ProxyHost) -> tuple[tuple[str, str], ...]:
    """What `nginx -v` says; nothing where it can't be asked."""
    try:
        master = master_of(await host.processes())
        told = await host.run((*command_of(master), "-v"), deadline=DEADLINE) if master else None
    except ProxyUnreachableError:
        return ()
    found = _VERSION.search(told.output) if told else None
    return ((found["name"], found["version"]),) if found else ()
