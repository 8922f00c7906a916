"""What was seen: replicas, the upstream, the recorded state. Plain facts, no judgement beyond agreement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.model.color import Color


class ReplicaState(StrEnum):
    """Container states as Docker names them; a local process uses `running` and `exited`."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Health(StrEnum):
    """Health as Docker reports it; `none` means that no healthcheck is defined."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One container (or local process) of a color."""

    id: str
    name: str
    color: Color
    state: ReplicaState
    health: Health = Health.NONE
    address: str | None = None
    """`ip:port` on the network shared with the proxy; None while it has none."""
    image_id: str = ""
    image: str = ""
    """The image reference it was created from."""
    config_hash: str = ""
    compose_files: tuple[str, ...] = ()
    """The Compose files it was created from, without the generated override; empty where the runtime has none."""
    started_at: str = ""
    """UTC, ISO 8601, as the runtime reports it; empty when never started."""
    restarts: int = 0
    exit_code: int | None = None
    """Set only when it is not running."""
    health_output: str = ""
    """The last health probe's output, control characters stripped."""

    @property
    def running(self) -> bool:
        """Whether it can serve at all."""
        return self.state is ReplicaState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The proxy's set of servers, as configured: which color gets all traffic, in which generation."""

    generation: int
    color: Color
    servers: tuple[str, ...]
    """Static `host:port` names, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker process of the proxy."""

    pid: int
    retiring: bool
    """True when it no longer accepts connections and only finishes what it serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the running proxy says about itself, in one answer of its control listener."""

    generation: int
    color: Color | None
    """The color that the running configuration names; None when it runs without a generated file."""
    served: str | None
    """`ip:port` that really answered; None when no replica did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamObserved:
    """The upstream three ways: configured (file), live (running proxy), and the processes that serve it."""

    configured: Upstream | None
    """None when the file is missing, empty or not ours."""
    live: Live | None
    """None when the proxy does not answer; `problem` says why."""
    workers: tuple[Worker, ...] = ()
    problem: str = ""
    hopeless: bool = False
    """Whether nothing comes of waiting for the proxy: it does not run, or it was made without what is asked of it."""
    way_on: str = ""
    """The command that helps then, if one is known."""

    @property
    def accepting(self) -> frozenset[int]:
        """Process ids of the workers that still accept connections."""
        return frozenset(worker.pid for worker in self.workers if not worker.retiring)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A snapshot of the whole stack."""

    recorded: Color | None
    """The content of the active-color file; None when missing or garbage."""
    replicas: tuple[Replica, ...]
    upstream: UpstreamObserved

    def of(self, color: Color) -> tuple[Replica, ...]:
        """The replicas of one color."""
        return tuple(replica for replica in self.replicas if replica.color is color)

    def running(self, color: Color) -> tuple[Replica, ...]:
        """The running replicas of one color."""
        return tuple(replica for replica in self.of(color) if replica.running)

    def color_at(self, address: str | None) -> Color | None:
        """The color that owns an `ip:port`, by the addresses of its running replicas."""
        for replica in self.replicas:
            if replica.running and address is not None and replica.address == address:
                return replica.color
        return None

    @property
    def served(self) -> Color | None:
        """The color that really answered through the proxy, by address."""
        return self.color_at(self.upstream.live.served) if self.upstream.live else None

    @property
    def active(self) -> Color:
        """The color that has the traffic: what really answers, then the live proxy, the file, the record, blue.

        A live proxy that names no color runs without a generated file, so that what was written meanwhile counts for
        nothing: its own configuration sends to blue.
        """
        if self.served is not None:
            return self.served
        live, configured = self.upstream.live, self.upstream.configured
        if live is not None:
            return live.color or Color.BLUE
        return (configured.color if configured else None) or self.recorded or Color.BLUE

    @property
    def idle(self) -> Color:
        """The color that is not in the upstream."""
        return self.active.other

    @property
    def drift(self) -> tuple[str, str, str] | None:
        """The values of state, file and live proxy when they disagree; None when they agree.

        A stack that never had a cutover has neither state nor file: that is no drift while its proxy serves what it
        serves without a file, or nobody answers yet. A color that would lose the traffic when the proxy restarts is.
        A record that is missing or garbage is none either while file and proxy agree: the live proxy decides.
        """
        live = self.upstream.live
        configured = self.upstream.configured
        state = self.recorded.value if self.recorded else "missing"
        file = configured.color.value if configured else "missing"
        seen = self.served or (live.color if live else None)
        serving = seen.value if seen else "unknown"
        lasting = serving != Color.GREEN.value or (live is not None and live.color is None)
        fresh = state in {"missing", serving} and file == "missing" and lasting
        agree = file == serving and state in {serving, "missing"}
        return None if fresh or agree else (state, file, serving)
