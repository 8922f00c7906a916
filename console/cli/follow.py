"""The console as lines: the status once, then everything that happens to the stack, whoever does it, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from console.cli.commands.status import look
from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.changes import changes
from console.cli.render.clean import clean
from console.cli.render.ending import ending
from console.cli.render.narrator import Narrator
from console.cli.render.style import Mark
from console.cli.runner import TICK, harmless
from console.model.errors import RolloutError
from console.model.events import Record, RolloutFinished, RolloutStarted
from console.model.request import Outcome, Result
from console.observe.follow import Added, JournalFollower

if TYPE_CHECKING:
    from console.cli.report import StatusReport
    from console.engine.session import Session


async def follow(invocation: Invocation, session: Session, found: StatusReport) -> int:
    """Tell what happens from now on, and what the rollout that is under way did so far; ends with a signal."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    lines = _Lines(invocation)
    work: list[Coroutine[Any, Any, object]] = [
        _journal(session, lines, under_way=found.lock is not None),
        _looks(session, lines, found, invocation.line.interval),
        _reader(invocation, stop),
    ]
    tasks: list[asyncio.Future[object]] = [asyncio.ensure_future(part) for part in work]
    waiting: asyncio.Future[object] = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in (waiting, *tasks):
            task.cancel()
        await asyncio.wait({waiting, *tasks})
    return ExitCode.DONE


class _Lines:
    """What stdout is told: one narrator for each rollout."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._narrator = self._another()
        self._unread = ""

    def records(self, records: Iterable[Record]) -> None:
        """Tell of events, in order."""
        tell = harmless(self._record, self._invocation.output)
        for record in records:
            tell(record)

    def journal(self, added: Added) -> None:
        """Tell of what is new in the journal, or that it can't be read."""
        if added.problem and added.problem != self._unread:
            self.say(Mark.WARNING, clean(added.problem))
        self._unread = added.problem
        self.records(added.records)

    def say(self, mark: Mark, text: str) -> None:
        """A line without an event."""
        self._narrator.say(mark, text)

    def tick(self) -> None:
        """Tell of a wait that takes long."""
        self._narrator.tick()

    def rest(self) -> None:
        """Whoever ran the rollout is gone: nothing is waited for any more."""
        self._narrator.end()

    def _record(self, record: Record) -> None:
        if isinstance(record.event, RolloutStarted):
            self._narrator = self._another()
        self._narrator.record(record)
        if isinstance(record.event, RolloutFinished):
            self._end(record.rollout, record.event)

    def _end(self, rollout: int, event: RolloutFinished) -> None:
        outcome = Outcome(
            rollout=rollout,
            result=Result(event.outcome),
            active=event.active,
            message=event.message,
            next_command=event.next_command,
        )
        invocation = self._invocation
        told = ending(outcome, self._narrator.story, invocation.data_style, invocation.for_this_stack)
        invocation.output.data(told)

    def _another(self) -> Narrator:
        return Narrator(
            self._invocation.output.data,
            self._invocation.data_style,
            monotonic=time.monotonic,
            now=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"),
        )


async def _journal(session: Session, lines: _Lines, *, under_way: bool) -> None:
    """Tell of every event; of those from before only what belongs to a rollout that goes on."""
    follower = JournalFollower(session)
    known = follower.look().records
    if under_way and known:
        newest = [record for record in known if record.rollout == known[-1].rollout]
        if not any(isinstance(record.event, RolloutFinished) for record in newest):
            lines.records(newest)
    while True:
        added = follower.look()
        # A journal that was put in the place of another is no news, it is another past.
        lines.journal(Added(problem=added.problem) if added.anew else added)
        lines.tick()
        await asyncio.sleep(TICK)


async def _looks(session: Session, lines: _Lines, shown: StatusReport, interval: float) -> None:
    """Tell what changed from one look at the stack to the next; that it can't be looked at is such a change, too."""
    problem = ""
    while True:
        await asyncio.sleep(interval)
        try:
            found = await look(session)
        except (RolloutError, OSError) as error:
            if str(error) != problem:
                problem = str(error)
                lines.say(Mark.FAILED, clean(problem))
            continue
        if problem:
            problem = ""
            lines.say(Mark.DONE, "the stack can be looked at again")
        if found.unfinished is not None:
            lines.rest()
        for mark, text in changes(shown, found):
            lines.say(mark, text)
        shown = found


async def _reader(invocation: Invocation, stop: asyncio.Event) -> None:
    while True:
        if invocation.output.reader_gone:
            stop.set()
        await asyncio.sleep(TICK)
