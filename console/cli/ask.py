"""Asking a person; only ever where there is one."""

from __future__ import annotations

import sys

from console.cli.invocation import Invocation
from console.model.errors import RefusedError, UsageError


def confirm_stack(invocation: Invocation, *, name: str, what: str) -> None:
    """Make sure that a protected stack is meant.

    Raises:
        UsageError: `--confirm` names another stack, or nobody can be asked.
        RefusedError: the person typed something else.
    """
    line = invocation.line
    if line.confirm is not None:
        if line.confirm != name:
            raise UsageError(
                f"{what} the protected stack {name}",
                f"--confirm names {line.confirm!r}",
                now="nothing was touched",
                next_command=invocation.command(line.command, "--confirm", name),
            )
        return
    if not invocation.interactive:
        raise UsageError(
            f"{what} the protected stack {name}",
            "it asks for the stack's name, and there is no terminal to ask on",
            now="nothing was touched",
            next_command=invocation.command(line.command, "--confirm", name),
        )
    answer = _read(invocation, f"{name} is protected. Type its name to {what}: ")
    if answer != name:
        raise RefusedError(
            f"{what} the protected stack {name}",
            "its name was not typed",
            now="nothing was touched",
            next_command=invocation.command(line.command, "--confirm", name),
        )


def confirm(invocation: Invocation, question: str) -> bool:
    """A yes or no; anything but yes is no."""
    return _read(invocation, f"{question} [y/N] ").lower() in {"y", "yes"}


def choose(invocation: Invocation, question: str, choices: tuple[str, ...]) -> str | None:
    """One of the words, or None."""
    answer = _read(invocation, f"{question} [{'/'.join(choices)}, Enter for none] ").lower()
    return answer if answer in choices else None


def _read(invocation: Invocation, question: str) -> str:
    invocation.output.narrate(question)
    try:
        return sys.stdin.readline().strip()
    except (OSError, ValueError):
        return ""  # a terminal that is gone answers nothing
