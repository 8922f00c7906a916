"""What a strategy looks at: the spec, the snapshot, and what is known of releases. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.model.color import Color
from console.model.observed import Observed, Upstream
from console.model.release import Release
from console.model.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a plan depends on."""

    spec: Spec
    observed: Observed
    servers: Mapping[Color, tuple[str, ...]]
    """The names under which the proxy reaches each color."""
    image_present: bool = False
    """Whether the image that a deploy asks for is on this engine."""
    releases: tuple[Release, ...] = ()
    """The releases that served, newest first."""

    def upstream(self, color: Color) -> Upstream:
        """The next generation of the upstream, for a color."""
        configured = self.observed.upstream.configured
        live = self.observed.upstream.live
        last = max(configured.generation if configured else 0, live.generation if live else 0)
        return Upstream(generation=last + 1, color=color, servers=self.servers[color])
