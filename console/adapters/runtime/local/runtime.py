"""`ports.runtime.Runtime` over child processes on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from console.adapters.runtime.local.catalog import Catalog, LocalRelease
from console.adapters.runtime.local.leash import Leash
from console.adapters.runtime.local.replica import LocalReplica
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Replica
from console.model.release import Image
from console.ports.runtime import ReplicaChanged, ReplicaStats

LOOPBACK = "127.0.0.1"
CLOSING_GRACE = 2.0
"""Seconds that replicas get to end when the whole stack does."""


class LocalRuntime:
    """Runs the demo app; every color has its ports for good, as a Compose service has its name.

    All calls belong to one event loop. Nothing outlives this process: its children end with it, however it ends.

    Args:
        app: the program, a Python file or a package with `__main__`.
        catalog: what can be resolved and built.
        names: the service name of each color, the first part of its replicas' names.
        ports: one port for each replica that a color may have.
        stop_grace: seconds between the stop signal and the kill.
    """

    def __init__(
        self,
        *,
        app: Path,
        catalog: Catalog,
        names: Mapping[Color, str],
        ports: Mapping[Color, tuple[int, ...]],
        stop_grace: float = 10.0,
    ) -> None:
        self._app = app
        self._catalog = catalog
        self._names = names
        self._ports = ports
        self._stop_grace = stop_grace
        self._leash = Leash()
        self._replicas: dict[Color, list[LocalReplica]] = {color: [] for color in Color}
        self._listeners: set[asyncio.Queue[ReplicaChanged]] = set()
        self._narrated: list[str] = []

    async def replicas(self) -> tuple[Replica, ...]:
        """All replicas of both colors, running or not, ordered by color and number."""
        return tuple(replica.snapshot() for color in Color for replica in self._replicas[color])

    def servers(self, color: Color) -> tuple[str, ...]:
        """The static addresses of a color, one for each replica that it may have."""
        return tuple(f"{LOOPBACK}:{port}" for port in self._ports[color])

    async def resolve(self, reference: str) -> Image | None:
        """The image behind `app@<version>` or an id; None when the catalog has none."""
        release = self._catalog.find(reference)
        return release.image if release else None

    async def pull(self, reference: str) -> Image:
        """There is no registry: the same as `resolve`. Raises `RuntimeFailedError` when it finds nothing."""
        return self._release(reference, f"pull {reference}").image

    async def build(self, color: Color) -> Image:  # noqa: ARG002 - both colors run the same app
        """The next numbered release: v1, v2, ..."""
        return self._catalog.build().image

    async def keep_image(self, image: Image, *, release: int) -> None:
        """Nothing prunes a catalog."""

    async def start(
        self,
        color: Color,
        image: Image,
        *,
        replicas: int,
        migrate: bool = True,  # noqa: ARG002 - an embedded stack has no migrations
    ) -> None:
        """Start a color's replicas. Raises `RuntimeFailedError`; what was begun is listed, and can be removed."""
        attempted = f"start {replicas} replicas of {color.value}"
        if self._replicas[color]:
            raise RuntimeFailedError(
                attempted, f"it has {len(self._replicas[color])} already", now="they are as they were"
            )
        if not 1 <= replicas <= len(self._ports[color]):
            raise RuntimeFailedError(attempted, f"this stack has {len(self._ports[color])} ports a color")
        release = self._release(image.id, attempted)
        for number, port in enumerate(self._ports[color][:replicas], start=1):
            replica = LocalReplica(
                app=self._app,
                leash=self._leash,
                color=color,
                name=f"{self._names[color]}-{number}",
                host=LOOPBACK,
                port=port,
                release=release,
                tell=self._tell,
            )
            self._replicas[color].append(replica)
            self._narrated.append(replica.command)
            await replica.start()

    async def bring_up(self, color: Color) -> None:
        """Start the color's ended processes again; the embedded stack itself brings nginx up."""
        await self.resume(color)

    async def take_down(self) -> None:
        """Stop both colors, as `stop` does."""
        await asyncio.gather(*(self.stop(color) for color in Color))

    def pin_warning(self, color: Color) -> str:  # noqa: ARG002 - there is no Compose to pin anything for
        """Nothing recreates a local process."""
        return ""

    async def versions(self) -> tuple[tuple[str, str], ...]:
        """The Python that runs the replicas."""
        return (("python", platform.python_version()),)

    async def resume(self, color: Color) -> None:
        """Start a color's ended processes again, as they were. Raises `RuntimeFailedError` when it has none."""
        if not self._replicas[color]:
            raise RuntimeFailedError(f"resume {color.value}", "it has no replicas")
        for replica in self._replicas[color]:
            if not replica.running:
                self._narrated.append(replica.command)
                await replica.start()

    async def stop(self, color: Color) -> None:
        """Stop a color's replicas, all at once; they stay listed, with their output."""
        await self._stop(color, grace=self._stop_grace)

    async def remove(self, color: Color) -> None:
        """Stop a color's replicas and forget them."""
        await self._stop(color, grace=self._stop_grace)
        gone, self._replicas[color] = self._replicas[color], []
        for replica in gone:
            self._tell(replica, "destroy", None)

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[ReplicaChanged]]:
        """Subscribe to what happens to the processes from entering on."""
        return self._changes()

    async def logs(self, replica: Replica, *, tail: int, timestamps: bool = False) -> tuple[str, ...]:
        """The last lines of a replica's output; empty when it was removed."""
        mine = (each for each in self._replicas[replica.color] if each.id == replica.id)
        lines = next((each.output[-tail:] if tail > 0 else () for each in mine), ())
        return tuple(f"{at} {text}" if timestamps else text for at, text in lines)

    async def stats(self, replica: Replica) -> ReplicaStats:
        """What a replica uses, compared with the last call. Raises `RuntimeFailedError` when it does not run."""
        for mine in self._replicas[replica.color]:
            if mine.id == replica.id:
                return mine.usage()
        raise RuntimeFailedError(f"read what {replica.name} uses", "it was removed")

    async def close(self) -> None:
        """End every replica, within a bounded time, and let the leash go. Idempotent."""
        await asyncio.gather(*(self._stop(color, grace=CLOSING_GRACE) for color in Color))
        self._leash.let_go()

    def narration(self) -> tuple[str, ...]:
        """The commands run since the last call, as they could be typed."""
        told, self._narrated = tuple(self._narrated), []
        return told

    async def _stop(self, color: Color, *, grace: float) -> None:
        running = [replica for replica in self._replicas[color] if replica.running]
        await asyncio.gather(*(replica.stop(grace=grace) for replica in running))
        for replica in running:
            self._tell(replica, "stop", None)

    def _release(self, reference: str, attempted: str) -> LocalRelease:
        release = self._catalog.find(reference)
        if release is None:
            raise RuntimeFailedError(attempted, f"no release is called {reference!r}; there are {self._catalog.known}")
        return release

    def _tell(self, replica: LocalReplica, what: str, exit_code: int | None) -> None:
        change = ReplicaChanged(id=replica.id, color=replica.color, what=what, exit_code=exit_code)
        for queue in self._listeners:
            queue.put_nowait(change)

    @contextlib.asynccontextmanager
    async def _changes(self) -> AsyncIterator[AsyncIterator[ReplicaChanged]]:
        queue: asyncio.Queue[ReplicaChanged] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield _each(queue)
        finally:
            self._listeners.discard(queue)


async def _each(queue: asyncio.Queue[ReplicaChanged]) -> AsyncIterator[ReplicaChanged]:
    while True:
        yield await queue.get()
