"""One-shot dependencies (migrations): notice when one ran again from an older image than the one it names by now.

`up --no-recreate` protects databases, and it keeps the container of a finished migration just as well: Compose starts
that again, as it was created. With a release that brings a migration of its own, this is the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable

from console.adapters.runtime import images
from console.adapters.runtime.container_replica import Listed, branch, leaf
from console.adapters.runtime.containers import Containers
from console.adapters.runtime.docker_client import DockerClient

_FINISHES = "service_completed_successfully"


async def stale(client: DockerClient, containers: Containers, found: tuple[Listed, ...], service: str) -> str:
    """What the operator should know about the one-shot dependencies of a service; empty when there is nothing.

    Args:
        client: the engine.
        containers: those of the project.
        found: all containers of the project, those of the service among them.
        service: the service that was just started.
    """
    names = {name for one in found if one.service == service for name in one_shots(one.depends_on)}
    finished = [one for one in found if one.service in names and not one.running]
    told: list[str] = []
    for details in await containers.inspect(finished):
        reference, name = leaf(branch(details, "Config"), "Image"), leaf(details, "Name").lstrip("/")
        current = await images.resolve(client, reference)
        if current is not None and current.id != leaf(details, "Image"):
            told.append(f"{name} ran from an older image than {reference} means by now; `docker rm {name}` renews it")
    return "; ".join(told)


def one_shots(depends_on: str) -> Iterable[str]:
    """The services that have to complete first, from Compose's own label `name:condition:restart,...`."""
    for entry in depends_on.split(","):
        name, _, rest = entry.partition(":")
        if rest.partition(":")[0] == _FINISHES:
            yield name
