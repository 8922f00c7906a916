"""Running a rollout in front of somebody: narration, events for programs, signals, last words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from console.cli.invocation import Invocation
from console.cli.output import Output
from console.cli.render.ending import ending
from console.cli.render.events import json_listener
from console.cli.render.narrator import Narrator
from console.cli.render.style import Mark
from console.cli.signals import ending_safely
from console.model.errors import (
    DeadlineError,
    ProxyUnreachableError,
    RefusedError,
    RuntimeFailedError,
    RuntimeUnreachableError,
)
from console.model.events import Record
from console.model.request import Outcome

if TYPE_CHECKING:
    from console.engine.session import Session

TICK = 0.2
"""Seconds between two looks at whether a long wait should be told again."""


async def carry_out(invocation: Invocation, session: Session, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Run `work` on the session and tell everything that happens meanwhile.

    A rollout that fails is an outcome, not an exception.

    Raises:
        RefusedError: nothing was begun: the present state does not allow it, or can't be seen.
        RuntimeUnreachableError: there is no container runtime to ask.
        LockHeldError, ReadOnlyError: as `work` says.
    """
    narrator = narrator_for(invocation)
    stops = [session.subscribe(harmless(narrator.record, invocation.output))]
    if invocation.line.json:
        stops.append(session.subscribe(harmless(json_listener(invocation.output.document), invocation.output)))
    with ending_safely(
        abort=session.abort,
        waiting_for=narrator.waiting_for,
        say=lambda text: narrator.say(Mark.WARNING, text),
    ):
        try:
            async with _ticking(narrator):
                outcome = await work()
        except (RuntimeFailedError, ProxyUnreachableError, DeadlineError) as error:
            if narrator.story.rollout or isinstance(error, RuntimeUnreachableError):
                raise
            raise RefusedError(
                error.attempted, error.found, now=error.now or "nothing was changed", next_command=error.next_command
            ) from error
        finally:
            narrator.end()
            for stop in stops:
                stop()
    invocation.output.narrate(ending(outcome, narrator.story, invocation.style, invocation.for_this_stack))
    return outcome


_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError, ValueError)
"""What a mistake in rendering raises."""


def harmless(listener: Callable[[Record], None], output: Output) -> Callable[[Record], None]:
    """The listener, whose defects stay its own: a renderer must never fail a rollout."""

    def listen(record: Record) -> None:
        try:
            listener(record)
        except _DEFECTS as error:
            output.narrate(f"(could not tell of {type(record.event).__name__}: {type(error).__name__}: {error})\n")

    return listen


def narrator_for(invocation: Invocation) -> Narrator:
    """A narrator on stderr; it rewrites a status line only on a terminal, without `--plain` and `--json`."""
    style = invocation.style
    return Narrator(
        invocation.output.narrate,
        style,
        monotonic=time.monotonic,
        now=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"),
        live=style.terminal.tty and not invocation.line.plain and not invocation.line.json,
    )


@asynccontextmanager
async def _ticking(narrator: Narrator) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK)
            with suppress(*_DEFECTS):
                narrator.tick()

    ticker = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticker.cancel()
        await asyncio.wait({ticker})
