"""Port to what runs replicas: Docker Compose, or local processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from console.model.color import Color
from console.model.observed import Replica
from console.model.release import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaChanged:
    """Something happened to a replica: a pushed event, not a poll."""

    id: str
    color: Color
    what: str
    """`start`, `die`, `stop`, `kill`, `oom`, `destroy`, `healthy`, `unhealthy`."""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStats:
    """What a replica uses now."""

    cpu_percent: float | None
    """Of one core, so that two busy cores are 200; None until a second sample was taken."""
    memory_bytes: int
    """Without the page cache that the kernel would give back, as `docker stats` counts it."""


class Runtime(Protocol):
    """Runs the replicas of both colors.

    Every call has a deadline of its own and raises `RuntimeFailedError` (with the external command that
    failed, if any) rather than a vendor's exception. Cancelling a call kills the child process that it runs.
    No call ever touches a container of another service or, unless named, of the other color.
    """

    async def replicas(self) -> tuple[Replica, ...]:
        """All replicas of both colors, running or not, ordered by color and number."""
        ...

    def servers(self, color: Color) -> tuple[str, ...]:
        """The static `host:port` names under which the proxy reaches a color."""
        ...

    async def resolve(self, reference: str) -> Image | None:
        """The local image behind a reference (name, tag or id); None when it is not on this engine."""
        ...

    async def pull(self, reference: str) -> Image:
        """Pull an image and resolve it. Raises `RuntimeFailedError`."""
        ...

    async def build(self, color: Color) -> Image:
        """Build a color's image from its Compose `build` section, without pins, and resolve it."""
        ...

    async def keep_image(self, image: Image, *, release: int) -> None:
        """Tag an image so that pruning spares it; keeps the newest few releases' tags. Idempotent."""
        ...

    async def start(self, color: Color, image: Image, *, replicas: int, migrate: bool = True) -> None:
        """Create and start a color's replicas from exactly this image, detached; returns once they are started.

        Requires that the color has no containers. Touches no container that exists, except that with `migrate` the
        finished ones of what the color needs completed first are made anew. Replicas whose image id differs from
        `image.id` afterwards are an error.
        """
        ...

    async def bring_up(self, color: Color) -> None:
        """Bring a color, the proxy and what they depend on up, recreating nothing that runs."""
        ...

    async def take_down(self) -> None:
        """Stop and remove the whole stack; volumes stay. Only ever called because the operator asked for just that."""
        ...

    def pin_warning(self, color: Color) -> str:
        """Why a plain `docker compose up -d` would recreate this color; empty when it would not."""
        ...

    async def versions(self) -> tuple[tuple[str, str], ...]:
        """What runs the replicas: name and version, for the receipt."""
        ...

    async def resume(self, color: Color) -> None:
        """Start a color's stopped containers again, as they are."""
        ...

    async def stop(self, color: Color) -> None:
        """Stop a color's replicas: pre-stop hook, stop signal, grace period, kill. Keeps containers and logs."""
        ...

    async def remove(self, color: Color) -> None:
        """Remove a color's containers, stopping them first like `stop`. Idempotent."""
        ...

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[ReplicaChanged]]:
        """Subscribe to replica events; the iterator yields what happens from entering on.

        Reconnects by itself; leaving the context closes the underlying stream at once.
        """
        ...

    async def stats(self, replica: Replica) -> ReplicaStats:
        """What a replica uses, compared with the last call for it. Cheap enough for a sweep over all.

        Raises `RuntimeFailedError`, also when it is gone.
        """
        ...

    async def logs(self, replica: Replica, *, tail: int, timestamps: bool = False) -> tuple[str, ...]:
        """The last lines of a replica's output, oldest first, control characters stripped.

        With `timestamps` each begins with when it was written (UTC, ISO 8601, ending in `Z`) and a space.
        """
        ...

    async def close(self) -> None:
        """Release connections. Replicas go on running, except those of an embedded stack."""
        ...

    def narration(self) -> tuple[str, ...]:
        """The external commands run since the last call of this method, shell-quoted, secrets left out."""
        ...
