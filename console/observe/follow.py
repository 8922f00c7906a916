"""The journal as it grows, whoever writes it: this process, CI, or a second operator.

The journal is the bus between processes. It is looked at, not waited for: a look costs some tens of microseconds, and
works on every file system. Torn lines and a replaced or shortened file are the port's to handle; what that means for
somebody who follows is said here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol

from console.model.events import Record, RolloutStarted
from console.ports.clock import Clock

INTERVAL = 0.25
"""Seconds between looks."""
BEFORE = 200
"""Records that the first look goes back for at least, and then on to the beginning of a rollout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What is new in the journal since the last look."""

    records: tuple[Record, ...] = ()
    """Oldest first."""
    anew: bool = False
    """Whether these are what there is, and not what is new: at the first look, and when the file was replaced or cut.
    What was known before is then to be forgotten. The newest rollout is whole, what came before it is not."""
    problem: str = ""
    """Why the journal can't be read now; empty when it can."""

    @property
    def silent(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.records or self.anew or self.problem)


class Recorded(Protocol):
    """A journal, or a session, which reads one."""

    def newest(self) -> Iterator[Record]:
        """As `Journal.newest`."""
        ...


class JournalFollower:
    """Hands out every record once, in order, from the newest rollout on and what came right before it."""

    def __init__(self, journal: Recorded) -> None:
        self._journal = journal
        self._looked = False
        self._last: Record | None = None
        """The newest record of the last look."""

    def look(self) -> Added:
        """What came since the last look. Never raises: a journal that can't be read is a problem that is told."""
        try:
            added = self._since(self._last) if self._looked else self._anew()
        except OSError as error:
            return Added(problem=f"could not read the journal: {error.strerror or error}")
        self._looked = True
        if added.records or added.anew:
            self._last = added.records[-1] if added.records else None
        return added

    def _since(self, last: Record | None) -> Added:
        """What came after that record; all anew when it is not where it was."""
        newer: list[Record] = []
        for record in self._journal.newest():
            if record == last:
                return Added(records=tuple(reversed(newer)))
            newer.append(record)
        return Added(records=tuple(reversed(newer))) if last is None else self._anew()

    def _anew(self) -> Added:
        found: list[Record] = []
        for record in self._journal.newest():
            found.append(record)
            if len(found) >= BEFORE and isinstance(record.event, RolloutStarted):
                break
        return Added(records=tuple(reversed(found)), anew=True)

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
