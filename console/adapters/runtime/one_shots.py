"""One-shot dependencies (migrations): a release that is started runs its own, not the one of the release before.

Compose starts the container of a finished one-shot again at every `up`, as it was created, and `--no-recreate`, which
protects databases, keeps it that way. So the finished ones are removed before a color is started, and Compose makes
them from the present files. One that runs is left alone: Compose waits for it.

A finished one must never differ from what a plain `docker compose up` wants: Compose would recreate it, and with it
everything that depends on it, the serving color and the proxy too. One that is missing is merely created.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from functools import partial

from docker.api.client import APIClient

from console.adapters.runtime import images
from console.adapters.runtime.container_replica import Listed, branch, leaf
from console.adapters.runtime.containers import Containers
from console.adapters.runtime.docker_client import DockerClient
from console.adapters.runtime.text import clean, last_lines
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import ReplicaState
from console.model.release import Image
from console.model.spec import OneShot, Spec

LOG_LINES = 5
"""How much of a failed one-shot's output its error tells."""
_ENDED = frozenset({ReplicaState.CREATED.value, ReplicaState.EXITED.value, ReplicaState.DEAD.value})


class OneShots:
    """The one-shots of a stack's colors. `note` takes what the operator should read about them."""

    def __init__(self, spec: Spec, client: DockerClient, containers: Containers, note: Callable[[str], None]) -> None:
        self._spec = spec
        self._client = client
        self._containers = containers
        self._note = note

    async def images(self, color: Color, image: Image) -> dict[str, str]:
        """Image ids for those that share the app's image, where its name does not mean `image` by itself."""
        shared = [one for one in self._spec.one_shots.get(color, ()) if shares(self._spec, one)]
        meant = {name: await images.resolve(self._client, name) for name in {one.image for one in shared}}
        return {one.service: image.id for one in shared if (now := meant[one.image]) is None or now.id != image.id}

    async def forget(self, services: Collection[str], found: Iterable[Listed] | None = None) -> None:
        """Remove the ended containers of these services, among `found` or those that are there now."""
        if not services:
            return
        listed = await self._containers.all() if found is None else found
        ended = tuple(one for one in listed if one.service in services and one.state in _ENDED)
        for one in ended:
            self._note(f"docker rm {one.name}   # it ended; {one.service} has to be made anew from the present files")
        await self._containers.remove(ended)

    @asynccontextmanager
    async def run(self, color: Color, found: Iterable[Listed], pinned: Collection[str]) -> AsyncIterator[None]:
        """Let Compose run a color's one-shots within the block.

        Args:
            color: the color to be started.
            found: all containers of the project; those that ended are made anew. None of them: run again as they are.
            pinned: those services whose image the override names.

        Raises:
            RuntimeFailedError: the block's own, with the last words of the one-shot that failed.
        """
        await self.forget(names(self._spec, color), found)
        try:
            yield
        except RuntimeFailedError as error:
            told = await self._words(color)
            if not told:
                raise
            words = f"{error.found}; {told}"
            raise RuntimeFailedError(error.attempted, words, now=error.now, next_command=error.next_command) from error
        finally:
            if not self._spec.pins_in_environment:
                await self._forget_pinned(pinned)

    async def _forget_pinned(self, pinned: Collection[str]) -> None:
        try:
            await self.forget(pinned)
        except RuntimeFailedError as error:
            self._note(f"{', '.join(sorted(pinned))}: a plain `docker compose up` would recreate it: {error.found}")

    async def _words(self, color: Color) -> str:
        """What those that failed printed last; empty when none failed or nothing can be read."""
        services, told = names(self._spec, color), []
        try:
            ended = [one for one in await self._containers.all() if one.service in services and one.state in _ENDED]
            service_of = {one.id: one.service for one in ended}
            for details in await self._containers.inspect(ended):
                if branch(details, "State").get("ExitCode"):
                    service = service_of[leaf(details, "Id")]
                    read = partial(_last_output, leaf(details, "Id"))
                    output = await self._client.call(f"read the logs of {service}", read)
                    told.append(f"{service} said: {last_lines(clean(output), LOG_LINES) or 'nothing'}")
        except RuntimeFailedError:
            return ""
        return "; ".join(told)


def names(spec: Spec, color: Color) -> frozenset[str]:
    """The services that have to complete before a color starts."""
    return frozenset(one.service for one in spec.one_shots.get(color, ()))


def to_build(spec: Spec, color: Color) -> tuple[str, ...]:
    """Those that are built with a color.

    One that has the app's image name gets the app's image instead: building it would move the name away from the
    color that serves.
    """
    return tuple(one.service for one in spec.one_shots.get(color, ()) if one.builds and not shares(spec, one))


def shares(spec: Spec, one: OneShot) -> bool:
    """Whether a one-shot runs from the image that the app runs from."""
    return bool(one.image) and one.image in spec.images.values()


def _last_output(container: str, api: APIClient) -> bytes:
    return api.logs(container, tail=LOG_LINES, stream=False)
