"""Both colors as services of a Docker Compose project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from console.adapters.runtime.container_replica import Listed, replica
from console.adapters.runtime.containers import Containers, networks_of
from console.adapters.runtime.docker_client import DockerClient
from console.adapters.runtime.text import clean
from console.model.color import Color
from console.model.errors import RuntimeFailedError

if TYPE_CHECKING:
    from console.adapters.runtime.composer import Composer
    from console.adapters.runtime.stats import StatsReader
    from console.model.observed import Replica
    from console.model.release import Image
    from console.model.spec import Spec
    from console.ports.runtime import ReplicaChanged, ReplicaStats

UNTOUCHED = "the color that serves and the proxy were not touched"


class ComposeRuntime:
    """`console.ports.runtime.Runtime` on Docker Compose 2.

    Creating goes through the `docker compose` command, so that what is created is what a plain `up` would create;
    everything else goes through the engine's API.
    """

    def __init__(self, spec: Spec, client: DockerClient | None = None) -> None:
        self._spec = spec
        self._client = client or DockerClient()
        self._containers = Containers(self._client, spec.project)

    async def replicas(self) -> tuple[Replica, ...]:
        """All replicas of both colors; one list call, and the details in parallel."""
        found = await self._containers.all()
        shared = networks_of(found, self._spec.proxy.service)
        colors = {self._spec.services[color]: color for color in Color if color in self._spec.services}
        own = [one for one in found if one.service in colors]
        service_of = {one.id: one for one in own}
        replicas = [(service_of[str(details["Id"])], details) for details in await self._containers.inspect(own)]
        order = list(Color)
        replicas.sort(key=lambda pair: (order.index(colors[pair[0].service]), pair[0].number))
        return tuple(
            replica(details, color=colors[one.service], shared=shared, port=self._spec.port)
            for one, details in replicas
        )

    def servers(self, color: Color) -> tuple[str, ...]:
        """The service's name in Docker's DNS, which has every running replica behind it."""
        return (f"{self._spec.services[color]}:{self._spec.port}",)

    async def resolve(self, reference: str) -> Image | None:
        """The local image behind a reference; None when it is not on this engine."""
        from console.adapters.runtime import images  # noqa: PLC0415 - see below

        return await images.resolve(self._client, reference)

    async def pull(self, reference: str) -> Image:
        """`docker pull`, which has the operator's registry credentials."""
        return await self._composer.pull(reference)

    async def build(self, color: Color) -> Image:
        """`docker compose build` without pins, of the color and of the migrations that it needs."""
        return await self._composer.build(color)

    async def keep_image(self, image: Image, *, release: int) -> None:
        """Tag it `rollout-keep/<project>:r<release>`; the newest five stay."""
        from console.adapters.runtime import images  # noqa: PLC0415 - see below

        await images.keep(self._client, self._spec.project, image, release=release)

    async def start(self, color: Color, image: Image, *, replicas: int, migrate: bool = True) -> None:
        """`docker compose up` of exactly this color's service, after its pin was written.

        To migrate, the finished one-shots that it needs are removed before, so that Compose runs this release's.
        Otherwise Compose starts them again as they were, which it does at every `up`.
        """
        await self._composer.start(color, image, replicas=replicas, migrate=migrate)

    async def resume(self, color: Color) -> None:
        """Start a color's stopped containers again, as they are."""
        own = await self._of(color)
        if not own:
            raise RuntimeFailedError(
                f"start {color.value} again", "it has no containers", now=UNTOUCHED, next_command="rollout deploy"
            )
        await self._containers.start(own)

    async def stop(self, color: Color) -> None:
        """Pre-stop hook, stop signal, grace period, kill; replicas in parallel."""
        await self._stop(await self._of(color))

    async def remove(self, color: Color) -> None:
        """Stop what runs, then remove; volumes with a name stay."""
        own = await self._of(color)
        await self._stop(own)
        await self._containers.remove(own)

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[ReplicaChanged]]:
        """Docker's own events about both colors, pushed."""
        from console.adapters.runtime.events import subscribe  # noqa: PLC0415 - see below

        return subscribe(self._client, self._spec)

    async def logs(self, replica: Replica, *, tail: int, timestamps: bool = False) -> tuple[str, ...]:
        """The last lines of both output streams."""
        text = await self._client.call(
            f"read the logs of {replica.name}",
            lambda api: api.logs(replica.id, tail=max(0, tail), stream=False, timestamps=timestamps),
        )
        return tuple(clean(text).splitlines())[-tail:] if tail > 0 else ()

    async def close(self) -> None:
        """Close the connections to the engine."""
        await self._client.close()

    def narration(self) -> tuple[str, ...]:
        """The commands run since the last call; environment values are never part of them."""
        return self._composer.narration()

    async def stats(self, replica: Replica) -> ReplicaStats:
        """What a replica uses, compared with the last call; about 2 ms. Raises `RuntimeFailedError`."""
        return await self._stats.read(replica.id)

    async def versions(self) -> tuple[tuple[str, str], ...]:
        """Names and versions of the tools, for the receipt."""
        engine, plugin = await asyncio.gather(
            self._client.call("ask the engine's version", lambda api: api.version()), self._composer.version()
        )
        return (("docker", clean(str(engine["Version"]))), ("compose", plugin))

    def pin_warning(self, color: Color) -> str:
        """Why a plain `docker compose up -d` would recreate this color; empty when it would not."""
        return self._composer.pin_warning(color)

    async def bring_up(self, color: Color) -> None:
        """Bring a color and the proxy up with their dependencies, recreating nothing; for `rollout up`.

        A color without containers is created from the image that the Compose files name, built or pulled when
        the engine does not have it.
        """
        if not await self._of(color):
            await self._composer.create(color)
            return
        await self.resume(color)
        await self._composer.bring_proxy_up(color)

    async def take_down(self) -> None:
        """Take the whole stack down, both colors; volumes stay. For `rollout down`, which asked for exactly that."""
        await self._composer.take_down()

    # A look at a stack needs none of these, and a command that only looks must start quickly.
    @cached_property
    def _composer(self) -> Composer:
        from console.adapters.runtime.composer import Composer  # noqa: PLC0415

        return Composer(self._spec, self._client, self._containers)

    @cached_property
    def _stats(self) -> StatsReader:
        from console.adapters.runtime.stats import StatsReader  # noqa: PLC0415

        return StatsReader(self._client)

    async def _of(self, color: Color) -> tuple[Listed, ...]:
        return await self._containers.of(self._spec.services[color])

    async def _stop(self, own: tuple[Listed, ...]) -> None:
        spec = self._spec
        await self._containers.stop(own, hook=spec.pre_stop_hook, grace=spec.stop_grace, note=self._composer.note)
