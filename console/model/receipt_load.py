"""The synthetic requests of a rollout, as evidence. It judges synthetic traffic only, and says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """The requests of one phase, or of one release."""

    name: str
    done: int
    ok: int
    unexpected: int
    """Complete answers that are neither ok nor a drop (4xx)."""
    dropped: int
    """Strict: no complete, expected answer, with no retry at all."""
    recovered: int
    """Of the dropped: what a browser's one retry would have hidden."""
    slow: int
    p50: float | None
    p90: float | None
    p99: float | None
    highest: float | None
    """Latency in seconds from the scheduled time, of answers that were no drop; None without any."""
    due: int | None = None
    """Of a phase: requests that were due in it."""
    not_sent: tuple[tuple[str, int], ...] = ()
    """Of a phase: what the generator itself held back, by reason."""
    statuses: tuple[tuple[int, int], ...] = ()
    """Complete answers by status, those to retries included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadAttempts:
    """Failed attempts of one kind."""

    kind: str
    stage: str
    connection: str
    """`fresh` or `reused`."""
    retry: bool
    """Whether they were the one retry: such failures are no further drop."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailure:
    """One failed request."""

    at: float
    """Wall clock, seconds since the epoch."""
    phase: str
    kind: str
    stage: str
    status: int | None
    age: float
    """Seconds from sending to the failure."""
    connection: str
    """`fresh` or `reused`."""
    release: str
    retry: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLoad:
    """Everything that the load generator counted in one rollout."""

    url: str
    rate: float
    """Requests a second that were asked for."""
    valid: bool
    """False when the generator itself could not send everything, or gave no summary: then it proves nothing."""
    problem: str
    due: int
    not_sent: int
    ok: int
    unexpected: int
    dropped: int
    recovered: int
    stale: int
    slow: int
    by_phase: tuple[LoadLine, ...]
    by_release: tuple[LoadLine, ...]
    failures: tuple[LoadFailure, ...]
    """The last ones."""
    failures_omitted: int
    lag_p99: float | None
    """Seconds by which the generator itself began late."""
    stray: int = 0
    """Idle connections that brought bytes nobody asked for, such as the same answer once more."""
    slow_connects: int = 0
    """Connects that needed a retransmit (1 s and more): a full accept queue."""
    attempts: tuple[LoadAttempts, ...] = ()
    """Every failed attempt, counted by kind; `failures` lists the last of them."""

    rate_at_end: float | None = None
    """Requests a second that were asked for in the end, which an operator may have changed; None in older receipts."""

    suspended: float = 0.0
    """Seconds without data: the rollout's own process was stopped (Ctrl-Z), and sent nothing meanwhile."""

    @property
    def dropped_for_browsers(self) -> int:
        """Drops that a browser's one retry does not hide."""
        return self.dropped - self.recovered

    @property
    def proves_zero(self) -> bool:
        """Whether nothing was dropped, and enough is known to say so."""
        return self.valid and self.dropped == 0 and self.due > 0 and self.stray == 0 and not self.suspended

    @property
    def doubt(self) -> str:
        """Why no drop proves nothing; empty where that is not so."""
        if not self.valid:
            return self.problem or "the generator gave no summary"
        if self.stray and not self.dropped:
            return f"{self.stray:,} idle connections brought bytes that nobody asked for"
        if self.suspended and not self.dropped:
            return f"no data for {self.suspended:.1f} s: the rollout itself was stopped"
        return ""
