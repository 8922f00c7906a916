"""`rollout up`: the active color and the proxy, nothing recreated."""

from __future__ import annotations

import asyncio

from console.cli.commands.status import look, show
from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.narration import narrate_commands
from console.cli.report import StatusReport


def run(invocation: Invocation) -> int:
    """Bring the stack up, then print its status."""
    invocation.refuse_read_only("bring the stack up")
    spec = invocation.spec()

    async def inside() -> StatusReport:
        async with invocation.backend.session(spec, invocation.actor, read_only=False) as session:
            narrate_commands(invocation, await invocation.backend.up(session))
            return await look(session, session.spec)

    found = asyncio.run(inside())
    show(invocation, found)
    return ExitCode.NEEDS_HUMAN if found.needs_human else ExitCode.DONE
