"""The journal as it grows, whoever writes it: this process, CI, or a second operator.

The journal is the bus between processes. It is looked at, not waited for: a look costs some tens of microseconds, and
works on every file system. Torn lines and a replaced or shortened file are the port's to handle; what that means for
somebody who follows is said here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from console.model.events import Record
from console.ports.clock import Clock

INTERVAL = 0.25
"""Seconds between looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What is new in the journal since the last look."""

    records: tuple[Record, ...] = ()
    """Oldest first."""
    anew: bool = False
    """Whether these are all there are: at the first look, and when the file was replaced or cut. What was known
    before is then to be forgotten."""
    problem: str = ""
    """Why the journal can't be read now; empty when it can."""

    @property
    def silent(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.records or self.anew or self.problem)


class Recorded(Protocol):
    """A journal, or a session, which reads one."""

    def records(self) -> tuple[Record, ...]:
        """Every readable record, oldest first."""
        ...


class JournalFollower:
    """Hands out every record once, in order.

    It must live on the same thread as the journal that it is given: that one remembers how far it read.
    """

    def __init__(self, journal: Recorded) -> None:
        self._journal = journal
        self._known: tuple[Record, ...] | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record up to the last look."""
        return self._known or ()

    def look(self) -> Added:
        """What came since the last look. Never raises: a journal that can't be read is a problem that is told."""
        try:
            now = self._journal.records()
        except OSError as error:
            return Added(problem=f"could not read the journal: {error.strerror or error}")
        before, self._known = self._known, now
        if before is None or len(now) < len(before) or (before and now[len(before) - 1] != before[-1]):
            return Added(records=now, anew=True)
        return Added(records=now[len(before) :])

    async def added(self, clock: Clock, *, interval: float = INTERVAL) -> AsyncIterator[Added]:
        """Look for ever, `interval` seconds apart; yields what is there already, and then whatever is new.

        A problem is told when it begins and when it changes; the first look that works again is told even when
        nothing was added meanwhile.
        """
        problem = ""
        while True:
            found = self.look()
            mended = bool(problem) and not found.problem
            same = bool(problem) and found.problem == problem
            if (mended or not found.silent) and not same:
                yield found
            problem = found.problem
            await clock.sleep(interval)
