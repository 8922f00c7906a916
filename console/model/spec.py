"""What the user asked for: one stack and its `x-rollout` block, complete with defaults.

All durations are seconds. A `Spec` is only ever built from validated input (see `console.config`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from console.model.color import Color

_LONGEST_ANSWER = 10.0


class Inconclusive(StrEnum):
    """What a watch that saw too few requests leads to."""

    CONTINUE = "continue"
    ROLLBACK = "rollback"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec:
    """The reverse proxy in front of both colors."""

    kind: str = "nginx"
    service: str = "proxy"
    config: Path
    """Directory on the host that the engine owns and the proxy mounts (absolute)."""
    target: PurePosixPath | None = None
    """Where the proxy sees that directory, by the Compose files; None when they mount it nowhere."""
    control_port: int = 9080
    """Port of the control listener inside the proxy; published on loopback only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """How long a pull or a build may take."""

    deadline: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSpec:
    """How long it may take until the replicas are started, migrations and other one-shot dependencies included."""

    deadline: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadySpec:
    """When a replica counts as ready: `successes` answers 2xx in a row on `path`."""

    path: str = "/ready"
    successes: int = 2
    deadline: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeSpec:
    """The request that a release must answer before and after it is given traffic."""

    url: str
    """Absolute URL at the proxy's published address; its path is also sent to each replica directly."""
    status: int = 200
    attempts: int = 5
    timeout: float = 2.0
    delay: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSpec:
    """How long and by what measure a release is watched once it serves."""

    window: float = 10.0
    max_failure_ratio: float = 0.0
    min_requests: int = 100
    inconclusive: Inconclusive = Inconclusive.CONTINUE


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainSpec:
    """How long the color being left may take to finish the requests it still serves."""

    deadline: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbySpec:
    """How long the drained color stays running as a warm standby."""

    keep: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """The synthetic load that `--load` sends; never started by itself."""

    url: str
    rate: float = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OneShot:
    """A service that has to complete before a color may start, such as a migration."""

    service: str
    image: str = ""
    """Image reference as Compose would name it, without pins."""
    builds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One stack, ready to be rolled out."""

    project: str
    """Compose project name; the stack's identity."""
    directory: Path
    """Compose project directory (absolute)."""
    compose_files: tuple[Path, ...]
    """The user's Compose files in order (absolute), without the generated override; empty when embedded."""
    pins_in_environment: bool = False
    """True when the user's own `COMPOSE_FILE` already names the generated override, so that a plain
    `docker compose up` sees the same pins as the engine."""
    profiles: Mapping[Color, str | None] = field(default_factory=dict)
    """Compose profile that a color's service hides behind, if any."""
    state: Path
    """State directory (absolute)."""
    active_color_file: Path
    """The one-word file for people and scripts (absolute)."""
    upstream_file: Path
    """The generated upstream file inside `proxy.config` (absolute)."""
    paths_given_by: Mapping[str, str] = field(default_factory=dict)
    """Which flag or variable named `state`, `active_color_file` or `upstream_file`; defaults are absent."""
    service: str
    """The Compose service that is rolled out; the blue one unless `colors` says otherwise."""
    services: Mapping[Color, str]
    """Compose service name of each color."""
    derived_twin: bool = False
    """True when the green service is generated from `service` in the override."""
    images: Mapping[Color, str] = field(default_factory=dict)
    """Image reference that the Compose files give to each color's service, without pins."""
    buildable: frozenset[Color] = frozenset()
    """Colors whose service has a `build` section."""
    one_shots: Mapping[Color, tuple[OneShot, ...]] = field(default_factory=dict)
    """What each color's service needs completed, however far away (`condition: service_completed_successfully`)."""
    twin_resets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Network to the keys of `service` there that a derived twin must not share: its aliases and fixed addresses."""
    replicas: int = 1
    port: int = 8000
    """Port the service listens on inside its container."""
    strategy: str = "blue-green"
    proxy: ProxySpec
    image: ImageSpec = field(default_factory=ImageSpec)
    start: StartSpec = field(default_factory=StartSpec)
    ready: ReadySpec = field(default_factory=ReadySpec)
    smoke: SmokeSpec
    watch: WatchSpec = field(default_factory=WatchSpec)
    drain: DrainSpec = field(default_factory=DrainSpec)
    standby: StandbySpec = field(default_factory=StandbySpec)
    load: LoadSpec | None = None
    pre_stop_hook: str | None = None
    """Shell line run in each replica before it is stopped: the label `docker-rollout.pre-stop-hook`."""
    stop_grace: float = 10.0
    """Seconds between the stop signal and the kill (Compose `stop_grace_period`, default 10 s)."""
    protected: bool = False

    @property
    def answer_timeout(self) -> float:
        """Seconds that a request of the load may take, until it counts as dropped.

        What a user of this stack puts up with: as long as its smoke request may take, and half the watch (10 s at most)
        where that is longer. A release that hangs is known within its watch, or that much after it.
        """
        return max(self.smoke.timeout, min(_LONGEST_ANSWER, self.watch.window / 2))
