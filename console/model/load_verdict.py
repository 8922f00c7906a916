"""What `rollout load --json` says beside what the generator tells: that there is no data, and what the run came to."""

from __future__ import annotations

from console.model.load import Line, Part


class NoData(Line, frozen=True, kw_only=True, tag="no-data"):
    """The generator is silent. It is said again every few seconds, until a snapshot comes or the run ends."""

    at: float
    """Wall clock, seconds since the epoch."""
    problem: str
    """Why, as far as it is known."""


class Judged(Part, frozen=True, kw_only=True):
    """One threshold, and what the run measured of it."""

    threshold: str
    value: float | None
    """A count, a share (0 to 1), requests a second, or seconds; None for no data, and for what is beyond any time."""
    found: str
    """The same in words."""
    failed: bool


class Verdict(Line, frozen=True, kw_only=True, tag="verdict"):
    """The last line of a run that was summed up."""

    valid: bool
    """Whether everything that was due was really sent; if not, the run proves nothing."""
    thresholds: tuple[Judged, ...]
    exit: int
    """The exit code of the command."""
