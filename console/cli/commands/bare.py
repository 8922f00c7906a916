"""A bare `rollout`: the console on a terminal, or as lines with `--plain`; the status where there is none."""

from __future__ import annotations

import asyncio

from console.cli.commands import status
from console.cli.invocation import Invocation
from console.cli.render.style import Mark
from console.cli.screen import can_open, on_terminal, run_console


def run(invocation: Invocation) -> int:
    """Open the console, follow in lines, or print the status."""
    if can_open(invocation):
        spec = invocation.spec()
        return run_console(
            invocation,
            lambda: invocation.backend.session(spec, invocation.actor, read_only=invocation.line.read_only),
        )
    if on_terminal(invocation) and not invocation.line.json:
        return _follow(invocation)
    here = "with --json" if on_terminal(invocation) else "without a terminal"
    _hint(invocation, f"{here} this is `rollout status`; every command: rollout --help")
    return status.run(invocation)


def _follow(invocation: Invocation) -> int:
    spec = invocation.spec()

    async def inside() -> int:
        from console.cli.follow import follow  # noqa: PLC0415 - nothing but this needs it

        async with invocation.backend.session(spec, invocation.actor, read_only=True) as session:
            found = await status.look(session)
            status.show(invocation, found)
            _hint(
                invocation, "every event follows as a line, whoever acts, until Ctrl-C; every command: rollout --help"
            )
            return await follow(invocation, session, found)

    return asyncio.run(inside())


def _hint(invocation: Invocation, text: str) -> None:
    invocation.output.narrate(invocation.style.mark(Mark.NOTE, text) + "\n")
