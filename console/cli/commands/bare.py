"""A bare `rollout`: the console on a terminal; the status where there is none."""

from __future__ import annotations

from console.cli.commands import status
from console.cli.invocation import Invocation
from console.cli.render.style import Mark
from console.cli.screen import can_open, run_console


def run(invocation: Invocation) -> int:
    """Open the console, or print the status."""
    if not can_open(invocation):
        hint = "without a terminal this is `rollout status`; every command: rollout --help"
        invocation.output.narrate(invocation.style.mark(Mark.NOTE, hint) + "\n")
        return status.run(invocation)
    spec = invocation.spec()
    return run_console(
        invocation,
        lambda: invocation.backend.session(spec, invocation.actor, read_only=invocation.line.read_only),
    )
