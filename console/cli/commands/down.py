"""`rollout down`: the stack's containers and networks go; volumes, images and the state directory stay."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.clean import clean
from console.cli.render.document import document
from console.cli.render.durations import clock


def run(invocation: Invocation) -> int:
    """Take the stack down, both colors; the engine refuses while a rollout runs."""
    spec = invocation.spec()
    line, output = invocation.line, invocation.output
    output.narrate(
        f"{clock(datetime.now(UTC).isoformat())} "
        f"taking {spec.project} down: its replicas have {spec.stop_grace:g} s after their stop signal\n"
    )

    async def inside() -> tuple[str, ...]:
        async with invocation.backend.session(spec, invocation.actor, read_only=line.read_only) as session:
            return await session.take_down()

    for command in asyncio.run(inside()):
        at = clock(datetime.now(UTC).isoformat())
        output.narrate(f"{at} {invocation.style.dim(f'$ {clean(command)}')}\n")
    if line.json:
        output.document(document("down", {"project": spec.project}))
    return ExitCode.DONE
