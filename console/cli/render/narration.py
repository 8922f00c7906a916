"""Narration outside of a rollout: commands that were run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from console.cli.invocation import Invocation
from console.cli.render.clean import clean
from console.cli.render.durations import clock


def narrate_commands(invocation: Invocation, commands: Iterable[str]) -> None:
    """Show external commands as they can be pasted."""
    for command in commands:
        at = clock(datetime.now(UTC).isoformat())
        invocation.output.narrate(f"{at} {invocation.style.dim(f'$ {clean(command)}')}\n")
