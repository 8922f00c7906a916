"""What a screen shows of one stack: frozen, complete, and equal to the last one when nothing changed.

Moments (`at`, `wall`, `seen`) are left out of comparisons: a look that finds what the last one found makes no news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from console.model.color import Color
from console.model.observed import Live, Observed, Replica
from console.model.release import Release
from console.observe.rollout import RolloutView
from console.ports.journal import LockLabel


class Source(StrEnum):
    """What is looked at. Each can be out of sight on its own, while the others go on."""

    CONTAINERS = "containers"
    """The replicas: state, health, addresses."""
    EVENTS = "events"
    """The pushed stream of what happens to the replicas."""
    STATS = "stats"
    """What the replicas use."""
    PROXY = "proxy"
    """The live upstream and its workers."""
    STATE = "state"
    """The recorded color, the lock and the journal."""


class Connection(StrEnum):
    """How the container runtime is reached."""

    CONNECTING = "connecting"
    """It was never seen so far, and nothing went wrong yet."""
    LIVE = "live"
    RECONNECTING = "reconnecting"
    """It can't be asked now, and is tried again; what is shown of it is as old as its `Sight` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How well one source is seen."""

    problem: str = ""
    """Why it can't be seen now; empty when it can."""
    next_command: str = ""
    """What to type about that, if there is anything."""
    since: str = ""
    """Since when it is out of sight, UTC, ISO 8601; empty while it is seen."""
    seen: float | None = field(default=None, compare=False)
    """When it was last seen, in seconds on the clock's monotonic scale; None before the first time."""

    @property
    def ever(self) -> bool:
        """Whether it was seen at all."""
        return self.seen is not None

    def age(self, now: float) -> float | None:
        """Seconds since it was last seen; None when it never was.

        While there is no problem the present look is as good as the last one, however long nothing changed: a screen
        shows this age only beside a problem.
        """
        return None if self.seen is None else max(0.0, now - self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that can't be seen now."""

    source: Source
    text: str
    since: str
    """UTC, ISO 8601."""
    next_command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one replica uses, rounded to what a screen shows, so that noise below that is no change."""

    cpu_percent: float | None
    """Of one core, in steps of 0.1; None until two samples were taken."""
    memory_bytes: int
    """In steps of 1 MiB."""
    at: float = field(compare=False)
    """When it was read, in seconds on the clock's monotonic scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """State, file and live proxy disagree about the color."""

    state: str
    file: str
    live: str
    since: str
    """UTC, ISO 8601."""
    moving: bool
    """Whether a rollout is under way: in mid-cutover they disagree for a moment, rightly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """A drained color that is kept running."""

    color: Color
    since: str
    """UTC, ISO 8601."""
    keep: float
    """Seconds from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened to a replica, pushed by the runtime."""

    number: int
    """From 1, without gaps, for one observer."""
    at: str
    """When it was heard of, UTC, ISO 8601."""
    id: str
    replica: str
    """Its name; the first twelve characters of its id until it is known, and when it was gone before that."""
    color: Color
    what: str
    """As `ports.runtime.ReplicaChanged.what`."""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackView:
    """One stack at one moment.

    What can't be seen now is shown as it was seen last, with its `Sight` saying so; the one exception is the live
    upstream, of which `observed.upstream.live` is then None and `last_live` what it was.
    """

    at: float = field(compare=False)
    """Seconds on the clock's monotonic scale."""
    wall: str = field(compare=False)
    """UTC, ISO 8601."""
    observed: Observed
    sights: Mapping[Source, Sight] = field(default_factory=dict)
    """Every source, always."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """Replica id to what it uses; replicas that don't run, or were not read yet, are absent."""
    last_live: Live | None = None
    """The live upstream as it was seen last; the same as `observed.upstream.live` while the proxy answers."""
    drift: Drift | None = None
    """None also while the proxy or the containers were never seen, or the proxy does not answer."""
    lock: LockLabel | None = None
    """Who holds the stack's lock; None when it is free."""
    standby: Standby | None = None
    history: tuple[Release, ...] = ()
    """The releases that served, the one that served last first."""
    rollout: RolloutView | None = None
    """The newest rollout of the journal, whoever runs or ran it."""
    abandoned: bool = False
    """Whether that rollout has no end, and nobody holds the lock: its process died."""
    news: tuple[News, ...] = ()
    """The last things that happened to replicas, oldest first; bounded."""

    @property
    def connection(self) -> Connection:
        """How the container runtime is reached."""
        asked = (self.sights.get(Source.CONTAINERS, Sight()), self.sights.get(Source.EVENTS, Sight()))
        if any(sight.problem for sight in asked):
            return Connection.RECONNECTING
        return Connection.LIVE if all(sight.ever for sight in asked) else Connection.CONNECTING

    @property
    def reconnecting(self) -> bool:
        """Whether the container runtime can't be asked now and is tried again."""
        return self.connection is Connection.RECONNECTING

    @property
    def problems(self) -> tuple[Trouble, ...]:
        """What can't be seen now, and since when."""
        return tuple(
            Trouble(source=source, text=sight.problem, since=sight.since, next_command=sight.next_command)
            for source, sight in self.sights.items()
            if sight.problem
        )

    @property
    def complete(self) -> bool:
        """Whether every source but the statistics was seen at least once: before, absence means nothing."""
        return all(self.sights.get(source, Sight()).ever for source in Source if source is not Source.STATS)

    @property
    def rolling(self) -> bool:
        """Whether a rollout of this stack is under way, in whatever process."""
        return self.lock is not None

    def release_of(self, color: Color) -> Release | None:
        """The newest release of the history that a color's containers really are; one that served on it goes first."""
        there = self.observed.of(color)
        same = [release for release in self.history if any(release.run_by(replica) for replica in there)]
        return next((release for release in same if release.color is color), same[0] if same else None)

    def usage_of(self, color: Color) -> tuple[float | None, int]:
        """What a color's replicas use together: percent of one core (None when no sample is complete), bytes."""
        found = [self.usage[one.id] for one in self.observed.running(color) if one.id in self.usage]
        known = [use.cpu_percent for use in found if use.cpu_percent is not None]
        return round(sum(known), 1) if known else None, sum(use.memory_bytes for use in found)

    def replica(self, name: str) -> Replica | None:
        """The replica of that id or name."""
        return next((one for one in self.observed.replicas if name in {one.id, one.name}), None)

    def shows_the_same(self, other: StackView) -> bool:
        """Whether a screen would show the same.

        With several replicas each look at the proxy is answered by another one: which replica it was is no change,
        which color it was is.
        """
        return _settled(self) == _settled(other)


def _settled(view: StackView) -> StackView:
    upstream = view.observed.upstream
    owner = view.observed.served
    if upstream.live is None or owner is None:
        return view
    live = replace(upstream.live, served=owner.value)
    observed = replace(view.observed, upstream=replace(upstream, live=live))
    return replace(view, observed=observed, last_live=live if view.last_live is not None else None)
