"""What `nginx -T` printed: judged here, and never told on. A configuration holds passwords and tokens."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath

from console.model.facts import ProxyFacts
from console.model.spec import Spec
from console.planning.preflight import parse_nginx
from console.ports.proxy_host import CommandResult

NO_DUMP = 'invalid option: "T"'
"""What an nginx says that knows no dump (before 1.9.2)."""
JUDGED_WITHIN = 3.0
"""Seconds to read a dump; the largest that is kept takes about one."""

_DUMP = "# configuration file "


def without_dump(output: str) -> str:
    """What nginx said before the first line of its configuration; when it refuses one, it prints none."""
    return output.partition(_DUMP)[0]


def dumped_facts(spec: Spec, dump: CommandResult, *, version: str = "") -> ProxyFacts:
    """What the configuration says; little where it was too large to be kept whole."""
    return parse_nginx(
        dump.output if dump.whole else "",
        generated=PurePosixPath(spec.proxy.target or spec.proxy.config) / spec.upstream_file.name,
        control_port=spec.proxy.control_port,
        version=version,
        services=frozenset(spec.services.values()),
    )


async def ways_past(spec: Spec, dump: CommandResult) -> tuple[str, ...]:
    """The places that send requests to a color by its own name.

    Nothing where that can't be read, or not soon: nginx has accepted it, and a release must not wait for its reader.
    """
    try:
        async with asyncio.timeout(JUDGED_WITHIN):
            return (await asyncio.to_thread(dumped_facts, spec, dump)).bypasses
    except (TimeoutError, ValueError, LookupError, RecursionError):
        return ()
