"""A bare `rollout`: the console, where there is one; else the status and a hint."""

from __future__ import annotations

from console.cli.commands import status
from console.cli.invocation import Invocation
from console.cli.render.style import Mark


def run(invocation: Invocation) -> int:
    """Print the status."""
    invocation.output.narrate(
        invocation.style.mark(
            Mark.NOTE, "the console is not installed here: this is `rollout status`; every command: rollout --help"
        )
        + "\n"
    )
    return status.run(invocation)
