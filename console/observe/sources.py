"""What an observer looks through, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from console.model.events import Record
from console.model.release import Release
from console.ports.clock import Clock
from console.ports.journal import ActiveColor, Journal, Lock
from console.ports.proxy import Proxy
from console.ports.runtime import Runtime


class Sources(Protocol):
    """The ports of one stack; `console.engine.world.Ports` fits as it is."""

    @property
    def runtime(self) -> Runtime:
        """Where the replicas are."""
        ...

    @property
    def proxy(self) -> Proxy:
        """Where the traffic is."""
        ...

    @property
    def journal(self) -> Journal:
        """What happened."""
        ...

    @property
    def active(self) -> ActiveColor:
        """The recorded color."""
        ...

    @property
    def lock(self) -> Lock:
        """Who acts."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How the journal is read: the engine's own rules, given by whoever puts things together.

    `History(releases=console.engine.history.recent, standby=console.engine.history.standby_since)`.
    """

    releases: Callable[[Journal], tuple[Release, ...]]
    """The releases that served last, the one that served last first."""
    standby: Callable[[Journal], Record | None]
    """The `StandbyKept` of the warm standby; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often an observer looks. All durations in seconds.

    A look or a sweep that takes long makes the next one wait: it gets at most its `share` of the time.
    """

    views: float = 10.0
    """Views a second at most."""
    gap: float = 0.1
    """Between looks at the replicas at least, however many events come."""
    settle: float = 1.0
    """After an event until one more look: the runtime's own list may be a moment behind its events."""
    replicas: float = 10.0
    """Between looks at the replicas when no event comes: what no event tells, and a stream that hangs in silence."""
    proxy: float = 1.0
    """Between looks at the upstream at rest."""
    proxy_rolling: float = 0.25
    """The same while a rollout runs, or while values disagree."""
    state: float = 0.25
    """Between looks at the recorded color, the lock and the journal."""
    stats: float = 2.0
    """Between sweeps over what the replicas use."""
    concurrency: int = 8
    """Replicas that are asked for it at the same time."""
    look_share: float = 0.1
    """Of the time, for looks at the replicas at rest."""
    stats_share: float = 0.1
    """Of the time, for sweeps."""
    deadline: float = 10.0
    """For one look at the replicas."""
    proxy_deadline: float = 5.0
    """For one look at the upstream."""
    sweep_deadline: float = 10.0
    """For one sweep."""
    backoff: float = 0.25
    """After the first failure; doubled after each further one."""
    longest_backoff: float = 5.0
