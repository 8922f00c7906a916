"""A quarter of a second of synthetic traffic, as one column of a strip."""

from __future__ import annotations

from dataclasses import dataclass

BUCKET = 0.25
"""Seconds that a bucket covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a moment of the strip, for example a step's begin."""

    at: float
    """Seconds since the epoch."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Complete answers of one release."""

    release: str
    color: str
    """Empty when the answers named none."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A quarter of a second."""

    at: float
    """Its begin, seconds since the epoch; a whole multiple of `BUCKET`."""
    ok: int = 0
    unexpected: int = 0
    dropped: int = 0
    slow: int = 0
    """Of those answered: later than the objective."""
    not_sent: int = 0
    """Of those due: stopped by the generator's own limits, so that they say nothing about the target."""
    p50: float | None = None
    """Seconds from the scheduled time, of the answers that were no drop; None without one."""
    p99: float | None = None
    maximum: float | None = None
    shares: tuple[Share, ...] = ()
    """By release, the one with the most answers first."""
    marks: tuple[str, ...] = ()
    later: bool = False
    """Whether its requests are counted in a later bucket, since one report covered several: then it is no gap."""

    @property
    def done(self) -> int:
        """Requests with an outcome."""
        return self.ok + self.unexpected + self.dropped

    @property
    def measured(self) -> bool:
        """Whether anything is known about it: a bucket without an outcome is no data, and no success."""
        return self.done > 0

    @property
    def success(self) -> float | None:
        """The share of the requests that were not dropped, 0 to 1; None when there is no data."""
        return (self.done - self.dropped) / self.done if self.measured else None

    def share_of(self, color: str) -> float | None:
        """The share of the answers that one color gave, 0 to 1; None when nobody answered."""
        answers = sum(share.count for share in self.shares)
        mine = sum(share.count for share in self.shares if share.color == color)
        return mine / answers if answers else None
