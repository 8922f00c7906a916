"""Port to the load generator: the numbers that a watch judges by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a session without load needs none of it
    from console.model.load import Snapshot, Started, Summary
    from console.model.load_totals import LoadSum


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCounts:
    """Cumulative counters since the load began; every due request is in exactly one outcome."""

    due: int
    done: int
    """Requests with a final outcome."""
    dropped: int
    not_sent: int
    alive: bool
    """False when the generator died or stalls: then there is no data, and that is said."""
    problem: str = ""
    unexpected: int = 0
    """Of `done`: complete answers that are neither ok nor a drop (4xx)."""
    recovered: int = 0
    """Of `dropped`: what a browser's one retry would have hidden."""
    snapshot: int = 0
    """The number of the last snapshot that is counted in; 0 before the first."""
    elapsed: float = 0.0
    """Seconds on the generator's own clock at that snapshot; only the time between two of them means anything."""
    ended: str = ""
    """Why nothing falls due any more, although answers may still be waited for; empty while it sends."""


class Load(Protocol):
    """Synthetic traffic that runs beside a rollout."""

    def counts(self) -> LoadCounts:
        """The counters as last reported (at most 0.2 s old while alive)."""
        ...

    def counts_in(self, phase: str) -> LoadCounts:
        """The counters of the requests that were due in one phase."""
        ...

    async def phase(self, name: str) -> int | None:
        """Stamp the requests that are due from now on with this phase of the rollout.

        Returns:
            The number of the last snapshot before the generator confirmed it: every later one has told of all that was
            due before. None when it did not confirm it within a second; it may obey yet.
        """
        ...


class LoadRun(Load, Protocol):
    """The same with everything that a screen, the command line and a receipt want of it.

    No call raises because the generator is in trouble: it is then not alive, and `counts().problem` says why.
    """

    @property
    def sum(self) -> LoadSum:
        """Everything reported so far, added up: phases, releases, histograms, the last failures.

        As the summary would be, it is of this run's own requests alone, whoever else the generator sends for, and it
        stays when the generator dies.
        """
        ...

    @property
    def latest(self) -> Snapshot | None:
        """The last snapshot; None before the first."""
        ...

    @property
    def summary(self) -> Summary | None:
        """The generator's own account of the whole run; None until it has ended by itself."""
        ...

    async def start(self) -> Started:
        """Start the generator and wait until it begins to send.

        Raises:
            UsageError: it refuses the configuration; nothing was sent.
            RuntimeFailedError: it did not start.
        """
        ...

    async def rate(self, rate: float) -> None:
        """Go on at another rate, in requests a second; 0 pauses."""
        ...

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Every snapshot from this call on, until the run ends; all of them when it comes before `start`.

        A reader that falls behind by a minute loses the oldest ones; `sum` loses nothing.
        """
        ...

    async def stop(self) -> Summary | None:
        """End the schedule, wait for what is in flight, return the summary. Idempotent.

        None when the generator gave no summary: it died before, or did not end in time and was killed.
        """
        ...

    async def close(self) -> None:
        """End the generator at once. Idempotent."""
        ...
