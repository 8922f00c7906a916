"""Port to the load generator: the numbers that a watch judges by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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


class Load(Protocol):
    """Synthetic traffic that runs beside a rollout."""

    def counts(self) -> LoadCounts:
        """The counters as last reported (at most 0.2 s old while alive)."""
        ...

    async def phase(self, name: str) -> None:
        """Stamp the requests that are due from now on with this phase of the rollout."""
        ...
