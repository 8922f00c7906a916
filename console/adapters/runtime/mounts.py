"""The proxy's bind mounts, as the engine has them: they tell which checkout a stack was brought up from."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from console.adapters.runtime.container_replica import leaf
from console.adapters.runtime.containers import Containers, running
from console.adapters.runtime.docker_client import DockerClient
from console.ports.proxy_host import BindMount


async def bind_mounts(client: DockerClient, project: str, service: str) -> tuple[BindMount, ...]:
    """What a service's container mounts from the host, a running container's first; empty when there is none.

    Raises:
        RuntimeFailedError: the engine can't be asked.
    """
    containers = Containers(client, project)
    found = await containers.inspect(await containers.of(service))
    for details in sorted(found, key=lambda one: not running(one)):
        mounts = details.get("Mounts")
        each = [mount for mount in mounts if isinstance(mount, dict)] if isinstance(mounts, list) else []
        return tuple(
            BindMount(source=Path(leaf(mount, "Source")), target=PurePosixPath(leaf(mount, "Destination")))
            for mount in each
            if leaf(mount, "Type") == "bind"
        )
    return ()
