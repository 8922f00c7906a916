"""What the machine has, for the preflight check: disk, images, replicas."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from docker.api.client import APIClient

from console.adapters.runtime.container_replica import Tree, branch, leaf
from console.adapters.runtime.docker_client import DockerClient, NotFoundError
from console.adapters.runtime.port_holders import holders
from console.model.facts import HostFacts, PublishedPort
from console.model.release import Release
from console.model.spec import Spec


async def host_facts(
    spec: Spec, client: DockerClient, *, running: int, rollback: Release | None, ports: Iterable[PublishedPort] = ()
) -> HostFacts:
    """Facts of this machine and its engine. Raises `RuntimeFailedError` when the engine can't be asked."""
    info: Tree = await client.call("ask the engine about itself", lambda api: api.info())
    images = [details for name in set(spec.images.values()) if (details := await _image(client, name))]
    wanted = rollback.image.id if rollback else ""
    healthchecks = [bool(branch(details, "Config").get("Healthcheck")) for details in images]
    sizes = [size for details in images if isinstance(size := details.get("Size"), int)]
    return HostFacts(
        disk_free_bytes=_free(Path(leaf(info, "DockerRootDir"))),
        image_bytes=max(sizes, default=None),
        state_free_bytes=_free(spec.state),
        state_writable=_writable(spec.state),
        rollback_image=wanted,
        rollback_image_present=bool(await _image(client, wanted)) if wanted else None,
        image_has_healthcheck=all(healthchecks) if healthchecks else None,
        port_holders=await holders(client, spec, ports),
        colors_running=running,
    )


async def _image(client: DockerClient, reference: str) -> Tree | None:
    try:
        return await client.call(f"inspect image {reference}", lambda api: _inspect(api, reference))
    except NotFoundError:
        return None


def _inspect(api: APIClient, reference: str) -> Tree:
    found: Tree = api.inspect_image(reference)  # type: ignore[no-untyped-call]
    return found


def _free(directory: Path) -> int | None:
    """Free bytes where a directory is or would be made; None where it can't be seen, as with a remote engine."""
    for there in (directory, *directory.parents):
        if there.is_dir():
            return shutil.disk_usage(there).free if there != Path("/") or directory == there else None
    return None


def _writable(directory: Path) -> bool:
    there = next((one for one in (directory, *directory.parents) if one.exists()), directory)
    return os.access(there, os.W_OK | os.X_OK)
