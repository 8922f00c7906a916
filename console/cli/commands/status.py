"""`rollout status`: one look, or `--watch`: a look whenever something changed."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.document import document
from console.cli.render.durations import clock
from console.cli.render.overdraw import Overdraw

if TYPE_CHECKING:
    from console.cli.report import StatusReport
    from console.engine.session import Session


def run(invocation: Invocation) -> int:
    """Print the status; exit code 1 when it needs a human."""
    spec = invocation.spec()

    async def inside() -> int:
        async with invocation.backend.session(spec, invocation.actor, read_only=True) as session:
            if invocation.line.watch:
                return await _watch(invocation, session)
            found = await look(session)
            show(invocation, found)
            return ExitCode.NEEDS_HUMAN if found.needs_human else ExitCode.DONE

    return asyncio.run(inside())


async def look(session: Session) -> StatusReport:
    """Judge the stack as it is now."""
    # Imported here, and so after Compose's process was started: see `RealBackend.load`.
    from console.cli.report import STANDBY, Seen, report  # noqa: PLC0415
    from console.engine.recovery import NOTHING, unfinished, verdict  # noqa: PLC0415

    observed = await session.observe()
    left, lock = unfinished(session.newest()), session.lock_holder()
    return report(
        Seen(
            project=session.spec.project,
            observed=observed,
            newest=session.newest(*STANDBY),
            history=session.history(),
            lock=lock,
            verdict=NOTHING if lock else verdict(left, observed),  # from the same look: one is enough
        )
    )


def show(invocation: Invocation, found: StatusReport) -> None:
    """Write a report to stdout."""
    if invocation.line.json:
        invocation.output.document(status_document(found))
    else:
        invocation.output.data(_text(invocation, found))


def status_document(found: StatusReport) -> dict[str, object]:
    """A report as one JSON object."""
    return document("status", asdict(found))


async def _watch(invocation: Invocation, session: Session) -> int:
    """Look until interrupted or until nobody reads any more.

    On a terminal the report is drawn over at every look, since ages count; otherwise a report is added when it changed.
    """
    line = invocation.line
    live = invocation.output.data_terminal.tty and not line.plain and not line.json
    shown: StatusReport | None = None
    overdraw = Overdraw()
    while not invocation.output.reader_gone:
        found = await look(session)
        if live:
            invocation.output.look()
            lines = _text(invocation, found).splitlines()
            invocation.output.data(overdraw.draw(lines, invocation.output.data_terminal))
        elif found != shown:
            if not line.json:
                invocation.output.data(f"{clock(datetime.now(UTC).isoformat())}\n")
            show(invocation, found)
        shown = found
        await asyncio.sleep(line.interval)
    return ExitCode.DONE


def _text(invocation: Invocation, found: StatusReport) -> str:
    from console.cli.render.status import status_text  # noqa: PLC0415 - as above

    return status_text(found, invocation.data_style, datetime.now(UTC), invocation.for_this_stack)
