"""What is known of a stack before a rollout: facts for the preflight check. No judgement, no secrets.

Three parts, gathered apart: the Compose files (static), the running proxy, and the machine with its images. None
always means *unknown*, never *no*. Environment values of the stack are in none of them. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from console.model.color import Color
from console.model.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """One entry of a service's `ports`."""

    target: int
    published: int | None
    """None when Docker picks it, or when it is a range."""
    host_ip: str = ""
    """Empty means every address of this machine."""
    protocol: str = "tcp"

    @property
    def loopback_only(self) -> bool:
        """Whether nobody but this machine reaches it."""
        return self.host_ip.startswith("127.") or self.host_ip in {"::1", "[::1]", "localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One entry of a service's `volumes`."""

    kind: str
    """`bind`, `volume`, `tmpfs`, `cluster` or `npipe`."""
    source: str
    """Absolute host path of a bind mount, name of a volume; empty for an anonymous one."""
    target: str
    read_only: bool = False
    single_file: bool | None = None
    """Whether a bind mount's source is a file; None when it isn't there (yet)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """A service's `healthcheck`, with Docker's defaults filled in."""

    interval: float = 30.0
    timeout: float = 30.0
    start_period: float = 0.0
    start_interval: float | None = None
    """None when it is not set: Docker then asks every 5 s while the container starts."""
    retries: int = 3
    path: str | None = None
    """The URL path that the test seems to ask, for example `/health`; None when it shows none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """One service of the merged Compose model."""

    name: str
    image: str = ""
    """The image reference as the files give it; empty for a build without a name."""
    builds: bool = False
    profiles: tuple[str, ...] = ()
    container_name: str | None = None
    ports: tuple[PublishedPort, ...] = ()
    exposes: tuple[int, ...] = ()
    """Ports of `expose`."""
    healthcheck: Healthcheck | None = None
    healthcheck_disabled: bool = False
    mounts: tuple[Mount, ...] = ()
    networks: frozenset[str] = frozenset()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Network to the further names that the service has there."""
    fixed_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Network to the keys by which it has a fixed address there, for example `ipv4_address`."""
    network_mode: str = ""
    restart: str = ""
    """`restart`, or the condition of `deploy.restart_policy`; empty when neither is set."""
    stop_grace: float | None = None
    replicas: int = 1
    global_mode: bool = False
    depends_on: Mapping[str, str] = field(default_factory=dict)
    """Service name to condition, for example `service_healthy`."""
    monitor: float | None = None
    """`deploy.update_config.monitor`."""
    max_failure_ratio: float | None = None
    """`deploy.update_config.max_failure_ratio`."""
    pre_stop_hook: str | None = None
    """The label `docker-rollout.pre-stop-hook`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFacts:
    """What the Compose files say about the parts of a stack that matter to a rollout."""

    services: Mapping[Color, ServiceFacts]
    proxy: ServiceFacts
    config_mount: Mount | None
    """The proxy's mount that holds the directory that the engine owns; None when there is none."""
    config_target: PurePosixPath | None
    """Where the proxy sees that directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFacts:
    """What the running proxy is and says."""

    crashed: str = ""
    """How it ended by itself, when it was started and does not run; nothing else is known then."""
    version: tuple[int, ...] | None = None
    """For example `(1, 30, 0)`."""
    keepalive_min_timeout: float | None = None
    """The smallest value in force for any server that takes user traffic; 0 when it is nowhere set."""
    worker_shutdown_timeout: float | None = None
    """`inf` when it is not set: old workers then wait for ever."""
    includes_generated: bool | None = None
    """Whether the configuration includes the generated upstream file, at http level."""
    routes_by_upstream: bool | None = None
    """Whether user traffic goes to `$rollout_upstream` (or the group `rollout`)."""
    bypasses: tuple[str, ...] = ()
    """Places that send requests to a color by its own name, which no cutover moves."""
    idle_groups: tuple[str, ...] = ()
    """Upstream groups that name a color and that nothing uses."""
    has_fallback: bool | None = None
    """Whether the maps that hold without a generated file are declared before the include."""
    control_listens: bool | None = None
    """Whether the configuration has the control listener."""
    retries_non_idempotent: bool | None = None
    """Whether `proxy_next_upstream` lets POST requests be sent twice."""
    control_published: str | None = None
    """`host:port` of the control listener on this machine, as it is really published; empty when it is not."""
    control_answers: bool | None = None
    forwarded: tuple[str, ...] | None = None
    """Addresses of this machine, `host:port`, that are forwarded to the proxy."""
    refused_at: tuple[str, ...] = ()
    """Those of them at which nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortHolder:
    """A container that has a port which the proxy is to publish."""

    port: int
    container: str
    own_stack: bool
    """Whether it belongs to the same stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What this machine has."""

    disk_free_bytes: int | None = None
    """Free where Docker keeps its images."""
    image_bytes: int | None = None
    """Size of the largest image that a deploy may have to store."""
    state_free_bytes: int | None = None
    """Free where the state directory is."""
    state_writable: bool | None = None
    rollback_image: str = ""
    """Reference or id of the image that a rollback would need; empty when there was no release before."""
    rollback_image_present: bool | None = None
    image_has_healthcheck: bool | None = None
    """Whether the service's image brings a healthcheck of its own."""
    port_holders: tuple[PortHolder, ...] = ()
    """Who has the ports of the proxy, besides the proxy itself."""
    colors_running: int | None = None
    """How many replicas run now, both colors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the preflight check judges by."""

    spec: Spec
    static: StaticFacts | None = None
    """None for an embedded stack, which has no Compose files."""
    proxy: ProxyFacts | None = None
    """None when the proxy isn't running."""
    host: HostFacts = field(default_factory=HostFacts)
