"""The steps that plans are made of: imperative names, pure data, one handler each in the engine."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.color import Color
from console.model.observed import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Refuse what can't go well: no proxy, a drifted state, a target that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BringUp:
    """Bring a color and the proxy up, recreating nothing."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveImage:
    """Use an image that is on this engine already."""

    color: Color
    reference: str
    release: int | None = None
    """Number of the earlier release that it comes back as; None when it is a new one."""
    name: str = ""
    """What an earlier release's image is called, when `reference` is an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullImage:
    """Pull the image."""

    color: Color
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildImage:
    """Build the color's image from its Compose `build` section."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveReplicas:
    """Remove the idle color's old containers."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReplicas:
    """Create and start the idle color from the resolved image."""

    color: Color
    replicas: int
    migrate: bool = True
    """Whether what it needs completed is run anew for it; a release that comes back takes the data as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeReplicas:
    """Start the color's stopped containers again."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitReady:
    """Wait until every replica answers its ready path, several times in a row."""

    color: Color
    path: str
    successes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeReplicas:
    """Send the smoke request to every replica directly."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteUpstream:
    """Write the upstream file for a color."""

    upstream: Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateUpstream:
    """Let the proxy test its configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyUpstream:
    """Tell the proxy to take the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """See the proxy serve the color: generation, workers and the address that answers."""

    upstream: Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordActive:
    """Record the color as active."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeProxy:
    """Send the smoke request through the proxy, as a user would."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Watch the release under traffic."""

    color: Color
    window: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainColor:
    """Wait until a color that is out of the upstream serves no request any more."""

    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepWarm:
    """Keep the drained color running, so that a rollback is instant."""

    color: Color
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReplicas:
    """Stop a color that is out of the upstream and drained."""

    color: Color


Step = (
    BringUp
    | Preflight
    | ResolveImage
    | PullImage
    | BuildImage
    | RemoveReplicas
    | StartReplicas
    | ResumeReplicas
    | AwaitReady
    | SmokeReplicas
    | WriteUpstream
    | ValidateUpstream
    | ApplyUpstream
    | ReadBack
    | RecordActive
    | SmokeProxy
    | Watch
    | DrainColor
    | KeepWarm
    | StopReplicas
)
