"""What the load generator is told and what it tells: one process writes these as JSON lines, another reads them.

Every scheduled request ends in exactly one outcome, so that at any moment

    due = not sent + in flight + ok + unexpected + dropped

Everything else (recovered, stale, slow, retries, stray) is counted beside these five and never merged into them.
Deltas (`Snapshot`) add up to the whole (`Summary`): counts by addition, histograms bucket by bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct, field

from console.model.histogram import Histogram

PROTOCOL_VERSION: Final = 3
"""Of the JSON lines. A reader refuses a line of another version."""

MIN_RATE, MAX_RATE = 0.001, 100_000.0
"""Requests a second that no configuration and no command goes below, but for the 0 of a pause, or exceeds."""

MAX_DURATION = 86_400.0
"""Seconds after which every run ends by itself, whatever was asked."""

CONNECTIONS = 20
"""Kept-alive connections unless somebody says how many."""

UNKNOWN = "(unknown)"
"""Release of an answer that did not name one."""

PROXY = "(proxy)"
"""Release of a 5xx that did not name one while other answers did: the proxy made it (DESIGN §9)."""

NO_ANSWER = "(no answer)"
"""Release of an attempt that failed before any answer could name one."""

OTHER = "(other)"
"""What further phases and releases are counted under once there are too many to keep apart."""


class Arrivals(StrEnum):
    """How the scheduled times are spread."""

    CONSTANT = "constant"
    POISSON = "poisson"


class FailureKind(StrEnum):
    """Raw transport truth about one attempt."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    RESET = "reset"
    EOF = "eof"
    """Closed before the first byte of the answer."""
    TRUNCATED = "truncated"
    """Closed within the answer."""
    TIMEOUT = "timeout"
    STATUS = "status"
    """A complete answer with a 5xx that nobody expected."""
    BAD_RESPONSE = "bad response"
    """What came is not one HTTP answer: malformed, more bytes than announced, a switch of protocols."""


class Stage(StrEnum):
    """How far an attempt was when it failed."""

    CONNECT = "connect"
    HANDSHAKE = "handshake"
    SEND = "send"
    FIRST_BYTE = "first byte"
    RESPONSE = "response"
    IDLE = "idle"
    """No request was under way: bytes that nobody asked for came on an idle connection."""


class NotSent(StrEnum):
    """Why a scheduled request was never sent: always the generator's own side, never the target's fault."""

    CAP = "connection cap"
    PORTS = "ephemeral ports"
    DESCRIPTORS = "descriptors"
    LAG = "schedule lag"


class Retry(StrEnum):
    """What became of the one retry that RFC 9110 §9.2.2 and §9.3.1 let a browser make."""

    NOT_ALLOWED = "not allowed"
    RECOVERED = "recovered"
    FAILED = "failed"


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plain data that a line is made of."""


class Line(Part, frozen=True, kw_only=True, tag_field="type"):
    """One line of JSON, told apart by its type."""

    v: Literal[3] = PROTOCOL_VERSION
    """`PROTOCOL_VERSION`."""


class LoadConfig(Line, frozen=True, kw_only=True, tag="config"):
    """One run of the generator. All durations in seconds."""

    url: str
    rate: float
    """Arrivals a second: 0 (paused), or from `MIN_RATE` to `MAX_RATE`."""
    duration: float | None = None
    """None: until told to stop, and never longer than `MAX_DURATION`."""
    arrivals: Arrivals = Arrivals.CONSTANT
    seed: int | None = None
    """Makes Poisson arrivals repeatable."""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout: float = 10.0
    """For one attempt, from its connect or its first byte sent until the answer is complete."""
    connections: int = CONNECTIONS
    """Kept-alive connections that take turns; more are opened while all are busy."""
    max_connections: int = 1000
    """Open connections of every kind. What can't be sent for lack of one is counted as not sent."""
    fresh_share: float = 0.1
    """Share of the requests that get a connection of their own, 0 to 1."""
    expect: frozenset[int] = frozenset()
    """Status codes that count as ok besides 2xx and 3xx."""
    release_from: str = "header:X-Rollout-Release"
    """Where an answer names its release: `header:NAME` or `json:FIELD` (dots lead into nested objects)."""
    color_from: str = "header:X-Rollout-Color"
    """Where an answer names its color: `header:NAME`, or empty."""
    objective: float = 1.0
    """An answer later than this (from its scheduled time) counts as slow."""
    allow_remote: bool = False
    """False: refuse every address that isn't one of this host's own."""
    insecure: bool = False
    """True: don't verify the server's certificate."""
    ca_file: str = ""
    """Certificates to trust instead of the system's."""
    phase: str = ""
    """Stamp of the first requests."""
    interval: float = 0.1
    """Between snapshots."""


class Attempt(Part, frozen=True, kw_only=True):
    """A class of failed attempts."""

    kind: FailureKind
    stage: Stage
    reused: bool
    """Whether the connection had carried an answer before."""
    retry: bool = False
    """Whether it was the one retry: such failures are no further drop."""


class Failure(Part, frozen=True, kw_only=True):
    """One failed request, as it is listed."""

    at: float
    """Wall clock, seconds since the epoch."""
    phase: str
    attempt: Attempt
    status: int | None
    age: float
    """Seconds from sending (or, before that, from connecting) to the failure: tells causes apart."""
    release: str
    last_release: str
    """The release that this connection's previous answer named; empty on a fresh one."""
    retry: Retry
    detail: str = ""


class PhaseCounts(Part, frozen=True, kw_only=True):
    """The schedule's side of a phase."""

    phase: str
    due: int = 0
    not_sent: Mapping[NotSent, int] = {}


class Group(Part, frozen=True, kw_only=True):
    """The answers' side, for one phase, one release and one color."""

    phase: str
    release: str
    color: str = ""
    ok: int = 0
    unexpected: int = 0
    dropped: int = 0
    recovered: int = 0
    """Of the dropped: what a browser's one retry would have hidden."""
    slow: int = 0
    statuses: Mapping[int, int] = {}
    """Complete answers by status, those to retries included."""
    attempts: tuple[tuple[Attempt, int], ...] = ()
    """Failed attempts by class; each class is named once."""
    latency: Histogram = field(default_factory=Histogram)
    """From the scheduled time, of the answers that were no drop."""
    service: Histogram = field(default_factory=Histogram)
    """From the attempt's own start, of the same answers."""


class Totals(Part, frozen=True, kw_only=True):
    """Cumulative counters since the run began."""

    due: int = 0
    not_sent: int = 0
    in_flight: int = 0
    ok: int = 0
    unexpected: int = 0
    dropped: int = 0
    recovered: int = 0
    responses: int = 0
    """Complete answers read, whatever their status and whatever attempt they answered."""
    retries: int = 0
    stale: int = 0
    """Idle connections found closed before anything was sent on them; another one was used."""
    slow: int = 0
    slow_connects: int = 0
    """Connects that needed a retransmit (1 s and more): a full accept queue."""
    stray: int = 0
    """Idle connections that brought bytes nobody asked for."""
    opened: int = 0
    """Connections opened."""

    @property
    def sent(self) -> int:
        """Requests for which an attempt was made."""
        return self.due - self.not_sent

    @property
    def done(self) -> int:
        """Requests that were sent and have their outcome."""
        return self.ok + self.unexpected + self.dropped

    @property
    def dropped_for_browsers(self) -> int:
        """Drops that a browser's one retry doesn't hide."""
        return self.dropped - self.recovered


class Times(Part, frozen=True, kw_only=True, rename={"p999": "p99.9"}):
    """Durations in short, in seconds, each within 0.8 %; None where nothing was measured."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None
    mean: float | None = None

    @classmethod
    def of(cls, durations: Histogram) -> Times:
        """Those of a histogram."""
        p50, p90, p95, p99, p999 = durations.quantiles((0.5, 0.9, 0.95, 0.99, 0.999))
        return cls(p50=p50, p90=p90, p95=p95, p99=p99, p999=p999, max=durations.maximum, mean=durations.mean)


class Snapshot(Line, frozen=True, kw_only=True, tag="snapshot"):
    """What happened since the snapshot before, with the cumulative totals beside it."""

    sequence: int
    """From 1, without gaps."""
    at: float
    """Wall clock at its end, seconds since the epoch."""
    elapsed: float
    """Seconds since the run began."""
    window: float
    """Seconds that it covers; longer than the interval when the reader was slow."""
    target_rate: float
    totals: Totals
    phases: tuple[PhaseCounts, ...] = ()
    groups: tuple[Group, ...] = ()
    failures: tuple[Failure, ...] = ()
    failures_omitted: int = 0
    """Failures beyond what one snapshot lists; they are counted in `groups` all the same."""
    lag: Histogram = field(default_factory=Histogram)
    """How late requests were begun after their scheduled time, to 10 µs."""
    cpu: float = 0.0
    """The generator's own use, in cores."""
    open_connections: int = 0
    ended: EndReason | None = None
    """Why nothing falls due any more, while what is in flight is waited for; None until then."""
    suspended: float = 0.0
    """Of the window: seconds in which nothing fell due, since the process that started the generator was stopped."""

    @property
    def rate(self) -> float:
        """Requests really begun, a second."""
        sent = sum(phase.due - sum(phase.not_sent.values()) for phase in self.phases)
        return sent / self.window if self.window > 0 else 0.0


class Started(Line, frozen=True, kw_only=True, tag="started"):
    """The generator resolved its target and begins."""

    url: str
    address: str
    """`ip:port` that all connections go to."""
    pid: int
    at: float
    loop: str
    """`epoll`, `uvloop` or `asyncio`."""


class PhaseStamped(Line, frozen=True, kw_only=True, tag="phase-stamped"):
    """Requests due from now on carry this phase."""

    phase: str
    at: float


class Refused(Line, frozen=True, kw_only=True, tag="refused"):
    """The generator won't run this configuration; nothing was sent."""

    problem: str


class EndReason(StrEnum):
    """Why a run ended."""

    DURATION = "duration reached"
    STOPPED = "stopped"
    BOUND = "duration bound reached"


class Summary(Line, frozen=True, kw_only=True, tag="summary"):
    """A whole run: the sum of its snapshots. In flight is 0, since everything was waited for."""

    url: str
    method: str
    address: str
    arrivals: Arrivals
    reason: EndReason
    started_at: float
    elapsed: float
    """Seconds from the first scheduled time until the schedule ended."""
    target_rate: float
    """The rate at the end."""
    totals: Totals
    phases: tuple[PhaseCounts, ...]
    groups: tuple[Group, ...]
    failures: tuple[Failure, ...]
    """The last ones."""
    failures_omitted: int
    lag: Histogram
    cpu_seconds: float
    snapshots: int
    """How many snapshots were written before it."""
    latency: Times = Times()
    """Of all answers that were no drop, from their scheduled times: `groups` in short."""
    service: Times = Times()
    """Of the same answers, from the attempts' own starts."""
    send_lag: Times = Times()
    """`lag` in short."""
    suspended: float = 0.0
    """Of `elapsed`: seconds without data, since the process that started the generator was stopped."""

    @property
    def valid(self) -> bool:
        """Whether everything that was due was really sent; if not, the run proves nothing."""
        return self.totals.not_sent == 0

    @property
    def rate(self) -> float:
        """Requests really begun, a second of the time that was not spent suspended."""
        sending = self.elapsed - self.suspended
        return self.totals.sent / sending if sending > 0 else 0.0


Message = Started | PhaseStamped | Refused | Snapshot | Summary


class SetRate(Line, frozen=True, kw_only=True, tag="set-rate"):
    """Change the arrival rate from now on; 0 pauses."""

    rate: float


class SetPhase(Line, frozen=True, kw_only=True, tag="set-phase"):
    """Stamp requests that are due from now on."""

    phase: str


class Stop(Line, frozen=True, kw_only=True, tag="stop"):
    """End the schedule, wait for what is in flight, write the summary."""


Command = SetRate | SetPhase | Stop
