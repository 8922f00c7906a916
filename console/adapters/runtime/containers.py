"""The project's containers: find them, start, stop and remove those of one service, in parallel."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from docker.api.client import APIClient

from console.adapters.runtime.container_exec import execute
from console.adapters.runtime.container_replica import (
    ONE_OFF_LABEL,
    PROJECT_LABEL,
    Listed,
    Tree,
    branch,
    leaf,
    listed,
)
from console.adapters.runtime.docker_client import CALL_DEADLINE, ConflictError, DockerClient, NotFoundError
from console.adapters.runtime.text import last_lines
from console.model.errors import RuntimeFailedError

R = TypeVar("R")

CONCURRENCY = 8
"""Calls of the engine that are under way at the same time."""
KILLED = 137
"""Exit code of what ended by SIGKILL."""
_STOP_MARGIN = 15.0
_REMOVE_DEADLINE = 60.0


class Containers:
    """The containers of one Compose project, without the one-off ones of `docker compose run`."""

    def __init__(self, client: DockerClient, project: str) -> None:
        self._client = client
        self._project = project
        self._gate = asyncio.Semaphore(CONCURRENCY)

    async def all(self) -> tuple[Listed, ...]:
        """Every container of the project in one call, running or not, by service and number."""
        filters = {"label": [f"{PROJECT_LABEL}={self._project}", f"{ONE_OFF_LABEL}=False"]}
        entries = await self._client.call(
            f"list the containers of {self._project}", lambda api: api.containers(all=True, filters=filters)
        )
        return tuple(sorted((listed(entry) for entry in entries), key=lambda found: (found.service, found.number)))

    async def of(self, service: str) -> tuple[Listed, ...]:
        """The containers of one service."""
        return tuple(found for found in await self.all() if found.service == service)

    async def inspect(self, containers: Iterable[Listed]) -> tuple[Tree, ...]:
        """The details of each; a container that vanished meanwhile is left out."""
        found = await self._each(containers, self._inspect)
        return tuple(details for details in found if details)

    async def start(self, containers: Iterable[Listed]) -> None:
        """Start stopped containers again, as they are; starting what runs is no error."""
        await self._each(containers, lambda one: self._call("start", one, lambda api: api.start(one.id)))

    async def stop(
        self, containers: Iterable[Listed], *, hook: str | None, grace: float, note: Callable[[str], None]
    ) -> None:
        """Pre-stop hook, stop signal, `grace` seconds, kill. A hook that fails is noted and holds nothing up."""
        await self._each(containers, lambda one: self._stop(one, hook, grace, note))

    async def remove(self, containers: Iterable[Listed]) -> None:
        """Remove stopped containers with their anonymous volumes; named volumes stay."""
        await self._each(containers, self._remove)

    async def _inspect(self, one: Listed) -> Tree:
        with contextlib.suppress(NotFoundError):
            found: Tree = await self._call("inspect", one, lambda api: api.inspect_container(one.id))
            return found
        return {}

    async def _stop(self, one: Listed, hook: str | None, grace: float, note: Callable[[str], None]) -> None:
        # The list may be a moment behind, so it decides nothing here: stopping what is stopped is no error.
        if hook and running(await self._inspect(one)):
            await self._run_hook(one, hook, grace, note)
        began = time.monotonic()
        with contextlib.suppress(NotFoundError):
            await self._call(
                "stop", one, lambda api: api.stop(one.id, timeout=math.ceil(grace)), deadline=grace + _STOP_MARGIN
            )
        if time.monotonic() - began >= math.ceil(grace) and _exit_code(await self._inspect(one)) == KILLED:
            note(
                f"{one.name} did not end on its stop signal and was killed after {math.ceil(grace)} s: a program "
                "that is a container's first process has to handle the signal itself; `init: true` helps"
            )

    async def _run_hook(self, one: Listed, hook: str, grace: float, note: Callable[[str], None]) -> None:
        attempted = f"run the pre-stop hook in {one.name}"
        try:
            result = await execute(
                self._client, one.id, ("/bin/sh", "-c", hook), attempted=attempted, deadline=max(grace, 1.0)
            )
        except RuntimeFailedError as error:
            note(f"pre-stop hook in {one.name}: {error.found}; it is stopped all the same")
            return
        if result.exit_code != 0:
            told = last_lines(result.text, 2) or "no output"
            note(f"pre-stop hook in {one.name} ended with {result.exit_code}: {told}; it is stopped all the same")

    async def _remove(self, one: Listed) -> None:
        try:
            await self._call("remove", one, lambda api: api.remove_container(one.id, v=True), deadline=_REMOVE_DEADLINE)
        except NotFoundError:
            return
        except ConflictError as error:
            if "already in progress" not in error.found:
                raise

    async def _call(
        self,
        verb: str,
        one: Listed,
        act: Callable[[APIClient], R],
        *,
        deadline: float = CALL_DEADLINE,
    ) -> R:
        return await self._client.call(f"{verb} the container {one.name}", act, deadline=deadline)

    async def _each(self, containers: Iterable[Listed], act: Callable[[Listed], Awaitable[R]]) -> tuple[R, ...]:
        """Act on all in parallel, a few at a time; every one is tried, and the first error is raised at the end."""

        async def one_by_gate(one: Listed) -> R:
            async with self._gate:
                return await act(one)

        results = await asyncio.gather(*(one_by_gate(one) for one in containers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return tuple(result for result in results if not isinstance(result, BaseException))


def networks_of(containers: Iterable[Listed], service: str) -> frozenset[str]:
    """Ids of the networks that a service's containers are on; the running ones count when there are any."""
    own = [found for found in containers if found.service == service]
    best = [found for found in own if found.running] or own
    return frozenset(network for found in best for network in found.networks)


def _exit_code(details: Tree) -> object:
    return branch(details, "State").get("ExitCode")


def running(details: Tree) -> bool:
    """Whether a container runs, from its details: the list is a moment behind after a start or a stop."""
    state = branch(details, "State")  # between two attempts of a restart Docker says both
    return state.get("Running") is True and state.get("Restarting") is not True


def image_pinned(details: Tree) -> str:
    """The image id when a container was created from an id; empty when it was created from a name."""
    reference = leaf(branch(details, "Config"), "Image")
    return reference if reference.startswith("sha256:") else ""
