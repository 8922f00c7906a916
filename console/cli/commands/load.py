"""`rollout load`: the load generator's own command line."""

from __future__ import annotations

from console.cli.invocation import Invocation
from console.cli.load import run as run_load


def run(invocation: Invocation) -> int:
    """Hand over what was typed. Raises `ReadOnlyError` before anything is sent."""
    invocation.refuse_read_only("send load")
    arguments = invocation.line.load
    assert arguments is not None  # noqa: S101 - the parser fills it for this very command
    return run_load(arguments)
