"""`rollout down`: the stack's containers and networks go; volumes, images and the state directory stay."""

from __future__ import annotations

import asyncio

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.narration import narrate_commands
from console.model.errors import LockHeldError


def run(invocation: Invocation) -> int:
    """Take the stack down, both colors; never while a rollout runs."""
    invocation.refuse_read_only("take the stack down")
    spec = invocation.spec()

    async def inside() -> None:
        async with invocation.backend.session(spec, invocation.actor, read_only=False) as session:
            holder = session.lock_holder()
            if holder is not None:
                raise LockHeldError(
                    f"take the stack {spec.project} down",
                    f"{holder.user} on {holder.host}, pid {holder.pid}, runs {holder.command!r} since {holder.since}",
                    now="the stack is as it was",
                    next_command="rollout status",
                )
            narrate_commands(invocation, await invocation.backend.down(session))

    asyncio.run(inside())
    if invocation.line.json:
        invocation.output.document({"v": 1, "type": "down", "project": spec.project})
    return ExitCode.DONE
