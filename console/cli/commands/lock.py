"""`rollout lock [status|break]`: who holds the stack's lock; taking it over is explicit and recorded."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from console.cli.ask import confirm
from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.clean import clean
from console.cli.render.document import document
from console.cli.render.durations import stamp
from console.model.errors import RefusedError, UsageError
from console.ports.journal import LockLabel


def run(invocation: Invocation) -> int:
    """Print the holder, or break the lock."""
    line = invocation.line
    spec = invocation.spec()

    async def inside() -> int:
        async with invocation.backend.session(spec, invocation.actor, read_only=line.read_only) as session:
            holder = session.lock_holder()
            broken = False
            if line.lock_action == "break" and holder is not None:
                if not line.read_only:  # the engine refuses a read-only break with its own words
                    _make_sure(invocation, holder)
                session.break_lock()
                broken = True
        _show(invocation, holder, broken=broken)
        return ExitCode.DONE

    return asyncio.run(inside())


def _make_sure(invocation: Invocation, holder: LockLabel) -> None:
    if invocation.line.yes:
        return
    attempted = f"break the lock of {holder.user} on {holder.host}, pid {holder.pid}"
    now = "the lock is as it was"
    again = invocation.command("lock", "break", "--yes")
    if not invocation.interactive:
        raise UsageError(attempted, "there is no terminal to ask on", now=now, next_command=again)
    invocation.output.narrate(f"{_held(holder)}\nA rollout that still runs there will stop at its next step.\n")
    if not confirm(invocation, "Break it?"):
        raise RefusedError(attempted, "the answer was not yes", now=now, next_command="rollout lock")


def _show(invocation: Invocation, holder: LockLabel | None, *, broken: bool) -> None:
    if invocation.line.json:
        state = "broken" if broken else "free" if holder is None else "held"
        invocation.output.document(
            document("lock", {"state": state, "holder": None if holder is None else asdict(holder)})
        )
    elif holder is None:
        invocation.output.data("the lock is free\n")
    else:
        invocation.output.data(f"{'broken: was ' if broken else ''}{_held(holder)}\n")


def _held(holder: LockLabel) -> str:
    since = stamp(holder.since)
    return clean(f"held by {holder.user} on {holder.host}, pid {holder.pid}, since {since}: {holder.command}")
