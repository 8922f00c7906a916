"""What goes through the `docker compose` command, so that what is created is what a plain `up` would create."""

from __future__ import annotations

from console.adapters.runtime import compose_command, images, one_shots, override, port_holders
from console.adapters.runtime.compose_command import ChildRunner
from console.adapters.runtime.container_replica import Listed
from console.adapters.runtime.containers import Containers
from console.adapters.runtime.docker_client import DockerClient
from console.adapters.runtime.one_shots import OneShots
from console.adapters.runtime.pins import Pins
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.release import Image
from console.model.spec import Spec

DOWN_DEADLINE = 300.0
VERSION_DEADLINE = 20.0
UNTOUCHED = "the color that serves and the proxy were not touched"


class Composer:
    """Pulls, builds, creates and takes down, each with its deadline; every command that it runs can be told."""

    def __init__(self, spec: Spec, client: DockerClient, containers: Containers) -> None:
        self._spec = spec
        self._client = client
        self._containers = containers
        self._child = ChildRunner()
        self._pins = Pins(spec, client, containers)
        self._one_shots = OneShots(spec, client, containers, self._child.note)

    def note(self, line: str) -> None:
        """Tell something with the commands."""
        self._child.note(line)

    def narration(self) -> tuple[str, ...]:
        """The commands run since the last call."""
        return self._child.narration()

    def pin_warning(self, color: Color) -> str:
        """Why a plain `docker compose up -d` would recreate this color; empty when it would not."""
        return self._pins.warning(color)

    async def version(self) -> str:
        """Compose's own version."""
        told = await ChildRunner().run(
            ("docker", "compose", "version", "--short"),
            attempted="ask Compose's version",
            now="nothing was touched",
            deadline=VERSION_DEADLINE,
            direct=True,
        )
        return told.strip()

    async def pull(self, reference: str) -> Image:
        """`docker pull`, which has the operator's registry credentials."""
        attempted = f"pull {reference}"
        argv = ("docker", "pull", "--quiet", reference)
        await self._child.run(argv, attempted=attempted, now=UNTOUCHED, deadline=self._spec.image.deadline)
        return await self._required(reference, attempted)

    async def build(self, color: Color) -> Image:
        """`docker compose build` without pins, of the color and of the migrations that it needs."""
        attempted = f"build {color.value}"
        also = one_shots.to_build(self._spec, color)
        argv = compose_command.build(self._spec, color, override=override.write_for_build(self._spec), also=also)
        await self._child.run(argv, attempted=attempted, now=UNTOUCHED, deadline=self._spec.image.deadline)
        # Their names mean other images now, and a plain `up` must not find containers of the ones before.
        await self._one_shots.forget(also)
        return await self._required(override.plain_image(self._spec, color), attempted)

    async def start(
        self, color: Color, image: Image, *, replicas: int, migrate: bool = True, also: tuple[str, ...] = ()
    ) -> None:
        """Create a color from exactly this image, and bring the services of `also` up in the same call."""
        attempted = f"start {color.value}"
        found = await self._containers.all()
        service = self._spec.services[color]
        if any(one.service == service for one in found):
            raise RuntimeFailedError(
                attempted, f"{service} has containers already", now=UNTOUCHED, next_command="rollout status"
            )
        pins = await self._pins.proven(found, color.other)
        pins[color] = await self._pins.choose(color, image, replicas)
        shared = await self._one_shots.images(color, image) if migrate else override.read_shared(self._spec)
        file = override.write(self._spec, pins, shared)
        argv = compose_command.up(self._spec, color, override=file, replicas=replicas, also=also)
        async with self._one_shots.run(color, found if migrate else (), shared):
            deadline = self._spec.start.deadline
            try:
                await self._child.run(argv, attempted=attempted, now=UNTOUCHED, deadline=deadline, direct=True)
            except RuntimeFailedError as error:
                raise await port_holders.explained(error, self._client, self._spec, override=file) from error
        found = await self._containers.all()
        _verify(color, image, [one for one in found if one.service == service], replicas)
        await self._pins.notice_moved(found, color.other)

    async def create(self, color: Color) -> None:
        """Create a color from the image that the Compose files name, and bring the proxy up in the same call.

        With one of its own, Compose would run the one-shots that both need twice.
        """
        image = await self._plain(color)
        await self.start(color, image, replicas=self._spec.replicas, also=(self._spec.proxy.service,))

    async def bring_proxy_up(self, color: Color) -> None:
        """Bring the proxy up, with a color that runs already."""
        file = override.write(self._spec, await self._pins.proven(await self._containers.all(), *Color))
        argv = compose_command.up_service(self._spec, self._spec.proxy.service, override=file)
        now = f"{color.value} runs; the proxy may not"
        try:
            await self._child.run(argv, attempted="bring the proxy up", now=now, deadline=self._spec.start.deadline)
        except RuntimeFailedError as error:
            raise await port_holders.explained(error, self._client, self._spec, override=file) from error

    async def take_down(self) -> None:
        """Take the whole stack down, both colors; volumes stay. For `rollout down`, which asked for exactly that."""
        argv = compose_command.down(self._spec, override=override.write_twin(self._spec))
        now = "part of the stack may be down"
        await self._child.run(argv, attempted="take the stack down", now=now, deadline=DOWN_DEADLINE)

    async def _plain(self, color: Color) -> Image:
        reference = override.plain_image(self._spec, color)
        found = await images.resolve(self._client, reference) if reference else None
        if found is not None:
            return found
        return await (self.build(color) if color in self._spec.buildable else self.pull(reference))

    async def _required(self, reference: str, attempted: str) -> Image:
        found = await images.resolve(self._client, reference)
        if found is None:
            raise RuntimeFailedError(
                attempted,
                f"the engine has no image {reference} afterwards",
                now=UNTOUCHED,
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
    raise RuntimeFailedError(f"start {color.value}", found, now=UNTOUCHED, next_command="rollout status")
