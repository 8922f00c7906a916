"""Both colors as services of a Docker Compose project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from console.adapters.runtime import compose_command, images, one_shots, override
from console.adapters.runtime.compose_command import ChildRunner
from console.adapters.runtime.container_replica import Listed, replica
from console.adapters.runtime.containers import Containers, networks_of
from console.adapters.runtime.docker_client import DockerClient
from console.adapters.runtime.events import subscribe
from console.adapters.runtime.one_shots import OneShots
from console.adapters.runtime.pins import Pins
from console.adapters.runtime.stats import StatsReader
from console.adapters.runtime.text import clean
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Replica
from console.model.release import Image
from console.model.spec import Spec
from console.ports.runtime import ReplicaChanged, ReplicaStats

START_DEADLINE = 900.0
"""Seconds for `up`: it includes the dependencies, and one-shot migrations among them may take their time."""
BUILD_DEADLINE = 3600.0
PULL_DEADLINE = 3600.0
DOWN_DEADLINE = 300.0
_VERSION_DEADLINE = 20.0
_UNTOUCHED = "the color that serves and the proxy were not touched"


class ComposeRuntime:
    """`console.ports.runtime.Runtime` on Docker Compose 2.

    Creating goes through the `docker compose` command, so that what is created is what a plain `up` would create;
    everything else goes through the engine's API.
    """

    def __init__(self, spec: Spec, client: DockerClient | None = None) -> None:
        self._spec = spec
        self._client = client or DockerClient()
        self._containers = Containers(self._client, spec.project)
        self._child = ChildRunner()
        self._stats = StatsReader(self._client)
        self._pins = Pins(spec, self._client, self._containers)
        self._one_shots = OneShots(spec, self._client, self._containers, self._child.note)

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
        return await images.resolve(self._client, reference)

    async def pull(self, reference: str) -> Image:
        """`docker pull`, which has the operator's registry credentials."""
        attempted = f"pull {reference}"
        await self._child.run(
            ("docker", "pull", "--quiet", reference), attempted=attempted, now=_UNTOUCHED, deadline=PULL_DEADLINE
        )
        return await self._required(reference, attempted)

    async def build(self, color: Color) -> Image:
        """`docker compose build` without pins, of the color and of the migrations that it needs."""
        attempted = f"build {color.value}"
        also = one_shots.to_build(self._spec, color)
        argv = compose_command.build(self._spec, color, override=override.write_for_build(self._spec), also=also)
        await self._child.run(argv, attempted=attempted, now=_UNTOUCHED, deadline=BUILD_DEADLINE)
        # Their names mean other images now, and a plain `up` must not find containers of the ones before.
        await self._one_shots.forget(also)
        return await self._required(override.plain_image(self._spec, color), attempted)

    async def keep_image(self, image: Image, *, release: int) -> None:
        """Tag it `rollout-keep/<project>:r<release>`; the newest five stay."""
        await images.keep(self._client, self._spec.project, image, release=release)

    async def start(self, color: Color, image: Image, *, replicas: int, migrate: bool = True) -> None:
        """`docker compose up` of exactly this color's service, after its pin was written.

        To migrate, the finished one-shots that it needs are removed before, so that Compose runs this release's.
        Otherwise Compose starts them again as they were, which it does at every `up`.
        """
        await self._start(color, image, replicas=replicas, migrate=migrate)

    async def _start(
        self, color: Color, image: Image, *, replicas: int, migrate: bool = True, also: tuple[str, ...] = ()
    ) -> None:
        attempted = f"start {color.value}"
        found = await self._containers.all()
        service = self._spec.services[color]
        if any(one.service == service for one in found):
            raise RuntimeFailedError(
                attempted, f"{service} has containers already", now=_UNTOUCHED, next_command="rollout status"
            )
        pins = await self._pins.proven(found, color.other)
        pins[color] = await self._pins.choose(color, image, replicas)
        shared = await self._one_shots.images(color, image) if migrate else override.read_shared(self._spec)
        file = override.write(self._spec, pins, shared)
        argv = compose_command.up(self._spec, color, override=file, replicas=replicas, also=also)
        async with self._one_shots.run(color, found if migrate else (), shared):
            await self._child.run(argv, attempted=attempted, now=_UNTOUCHED, deadline=START_DEADLINE)
        found = await self._containers.all()
        _verify(color, image, [one for one in found if one.service == service], replicas)
        await self._pins.notice_moved(found, color.other)

    async def resume(self, color: Color) -> None:
        """Start a color's stopped containers again, as they are."""
        own = await self._of(color)
        if not own:
            raise RuntimeFailedError(
                f"start {color.value} again", "it has no containers", now=_UNTOUCHED, next_command="rollout deploy"
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
        return subscribe(self._client, self._spec)

    async def logs(self, replica: Replica, *, tail: int) -> tuple[str, ...]:
        """The last lines of both output streams."""
        text = await self._client.call(
            f"read the logs of {replica.name}", lambda api: api.logs(replica.id, tail=max(0, tail), stream=False)
        )
        return tuple(clean(text).splitlines())[-tail:] if tail > 0 else ()

    async def close(self) -> None:
        """Close the connections to the engine."""
        await self._client.close()

    def narration(self) -> tuple[str, ...]:
        """The commands run since the last call; environment values are never part of them."""
        return self._child.narration()

    async def stats(self, replica: Replica) -> ReplicaStats:
        """What a replica uses, compared with the last call; about 2 ms. Raises `RuntimeFailedError`."""
        return await self._stats.read(replica.id)

    async def versions(self) -> tuple[tuple[str, str], ...]:
        """Names and versions of the tools, for the receipt."""
        engine, plugin = await asyncio.gather(
            self._client.call("ask the engine's version", lambda api: api.version()),
            ChildRunner().run(
                ("docker", "compose", "version", "--short"),
                attempted="ask Compose's version",
                now="nothing was touched",
                deadline=_VERSION_DEADLINE,
            ),
        )
        return (("docker", clean(str(engine["Version"]))), ("compose", plugin.strip()))

    def pin_warning(self, color: Color) -> str:
        """Why a plain `docker compose up -d` would recreate this color; empty when it would not."""
        return self._pins.warning(color)

    async def bring_up(self, color: Color) -> None:
        """Bring a color and the proxy up with their dependencies, recreating nothing; for `rollout up`.

        A color without containers is created from the image that the Compose files name, built or pulled when
        the engine does not have it.
        """
        own = await self._of(color)
        proxy = self._spec.proxy.service
        if not own:
            # In one call: with one of its own, Compose would run the one-shots that both need twice.
            await self._start(color, await self._plain(color), replicas=self._spec.replicas, also=(proxy,))
            return
        await self.resume(color)
        file = override.write(self._spec, await self._pins.proven(await self._containers.all(), *Color))
        argv = compose_command.up_service(self._spec, proxy, override=file)
        now = f"{color.value} runs; the proxy may not"
        await self._child.run(argv, attempted="bring the proxy up", now=now, deadline=START_DEADLINE)

    async def take_down(self) -> None:
        """Take the whole stack down, both colors; volumes stay. For `rollout down`, which asked for exactly that."""
        argv = compose_command.down(self._spec, override=override.write_twin(self._spec))
        now = "part of the stack may be down"
        await self._child.run(argv, attempted="take the stack down", now=now, deadline=DOWN_DEADLINE)

    async def _of(self, color: Color) -> tuple[Listed, ...]:
        return await self._containers.of(self._spec.services[color])

    async def _stop(self, own: tuple[Listed, ...]) -> None:
        spec = self._spec
        await self._containers.stop(own, hook=spec.pre_stop_hook, grace=spec.stop_grace, note=self._child.note)

    async def _plain(self, color: Color) -> Image:
        reference = override.plain_image(self._spec, color)
        found = await self.resolve(reference) if reference else None
        if found is not None:
            return found
        return await (self.build(color) if color in self._spec.buildable else self.pull(reference))

    async def _required(self, reference: str, attempted: str) -> Image:
        found = await self.resolve(reference)
        if found is None:
            raise RuntimeFailedError(
                attempted,
                f"the engine has no image {reference} afterwards",
                now=_UNTOUCHED,
                next_command="docker image ls",
            )
        return found


def _verify(color: Color, image: Image, own: list[Listed], replicas: int) -> None:
    others = sorted({one.image_id for one in own} - {image.id})
    if others:
        found = f"its replicas run {', '.join(others)} instead of {image.id}"
    elif len(own) != replicas:
        found = f"it has {len(own)} replicas instead of {replicas}"
    else:
        return
    raise RuntimeFailedError(f"start {color.value}", found, now=_UNTOUCHED, next_command="rollout status")
