"""One account of a generator that sends for several: which of its requests are somebody's own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from msgspec.structs import replace

from console.model.load import Group, PhaseCounts, Snapshot, Totals
from console.model.load_totals import since


class LoadShare:
    """Cuts a generator's snapshots down to the requests that were due in some phases.

    Each of them is to be given once, in order, and none before `before` was told. What belongs to no request
    (connections, retries) is that of the time since then.
    """

    def __init__(self, before: Totals) -> None:
        self.phases: set[str] = set()
        """The phases that are its own; one must be here before the first request is due in it."""
        self._before = before
        self._own = Totals()
        self._told = 0
        """Failures that were listed or counted as omitted."""

    def of(self, snapshot: Snapshot) -> Snapshot:
        """The same moment, of its own requests alone."""
        phases = tuple(counts for counts in snapshot.phases if counts.phase in self.phases)
        groups = tuple(group for group in snapshot.groups if group.phase in self.phases)
        failures = tuple(failure for failure in snapshot.failures if failure.phase in self.phases)
        self._own = self._added_up(snapshot.totals, phases, groups)
        # What a snapshot does not list tells no phase: at most as many of it are its own as failed and were not told.
        untold = self._own.dropped + self._own.stray - self._told - len(failures)
        omitted = min(snapshot.failures_omitted, max(0, untold))
        self._told += len(failures) + omitted
        return replace(
            snapshot, totals=self._own, phases=phases, groups=groups, failures=failures, failures_omitted=omitted
        )

    def _added_up(self, totals: Totals, phases: Iterable[PhaseCounts], groups: tuple[Group, ...]) -> Totals:
        own = self._own
        due = own.due + sum(counts.due for counts in phases)
        not_sent = own.not_sent + sum(chain.from_iterable(counts.not_sent.values() for counts in phases))
        ok, unexpected, dropped = (
            own.ok + sum(group.ok for group in groups),
            own.unexpected + sum(group.unexpected for group in groups),
            own.dropped + sum(group.dropped for group in groups),
        )
        return replace(
            since(self._before, totals),
            due=due,
            not_sent=not_sent,
            in_flight=due - not_sent - ok - unexpected - dropped,
            ok=ok,
            unexpected=unexpected,
            dropped=dropped,
            recovered=own.recovered + sum(group.recovered for group in groups),
            responses=own.responses + sum(chain.from_iterable(group.statuses.values() for group in groups)),
            slow=own.slow + sum(group.slow for group in groups),
        )
