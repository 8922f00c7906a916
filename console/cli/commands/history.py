"""`rollout history`: the releases that served, newest first."""

from __future__ import annotations

import asyncio

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.history import history_document, history_text


def run(invocation: Invocation) -> int:
    """Print the newest releases."""
    spec = invocation.spec()

    async def inside() -> int:
        async with invocation.backend.session(spec, invocation.actor, read_only=True) as session:
            releases = session.history(invocation.line.limit)[: invocation.line.limit]
        if invocation.line.json:
            invocation.output.document(history_document(releases))
        else:
            invocation.output.data(history_text(releases, invocation.data_style))
        return ExitCode.DONE

    return asyncio.run(inside())
