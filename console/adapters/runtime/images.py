"""Images on the engine: resolve, and keep the newest releases from being pruned."""

from __future__ import annotations

import asyncio
import re

import docker.errors
from docker.api.client import APIClient
from requests import codes

from console.adapters.runtime.container_replica import Tree, leaf
from console.adapters.runtime.docker_client import DockerClient, NotFoundError
from console.model.release import Image

KEEP = 5
"""How many releases keep a tag, and with it their image."""


async def resolve(client: DockerClient, reference: str) -> Image | None:
    """The local image behind a name, tag or id; None when it is not on this engine."""
    try:
        details = await client.call(
            f"look up the image {reference}",
            lambda api: api.inspect_image(reference),  # type: ignore[no-untyped-call]
        )
    except NotFoundError:
        return None
    return _image(reference, details)


async def keep(client: DockerClient, project: str, image: Image, *, release: int) -> None:
    """Tag an image as a release of this project, and let go of all but the newest `KEEP` tags."""
    repository = keep_repository(project)
    made = f"{repository}:r{release}"
    # Listing takes longer than tagging, and what it may miss is known.
    _, there = await asyncio.gather(
        client.call(
            f"tag the image {image.short} as release {release}",
            lambda api: api.tag(image.id, repository, f"r{release}"),
        ),
        client.call(f"list the images of {repository}", lambda api: _tags(api, repository)),
    )
    stale = stale_tags(sorted({*there, made}), repository)
    if stale:
        await client.call(f"let go of {', '.join(stale)}", lambda api: _untag(api, stale))


def keep_repository(project: str) -> str:
    """The repository that the keep tags are in; Docker allows less in such a name than in a project's."""
    name = re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-")
    return f"rollout-keep/{name or 'stack'}"


def stale_tags(tags: list[str], repository: str) -> list[str]:
    """The keep tags beyond the newest `KEEP`, by release number; what isn't a keep tag is never among them."""
    pattern = re.compile(re.escape(repository) + r":r(\d+)")
    numbered = sorted(((int(match[1]), tag) for tag in tags if (match := pattern.fullmatch(tag))), reverse=True)
    return [tag for _, tag in numbered[KEEP:]]


def _tags(api: APIClient, repository: str) -> list[str]:
    return [tag for entry in api.images(name=repository) for tag in entry["RepoTags"] or ()]


def _untag(api: APIClient, tags: list[str]) -> None:
    """Remove tags, without force: an image that a container was made from stays."""
    for tag in tags:
        try:
            api.remove_image(tag, force=False, noprune=True)
        except docker.errors.APIError as error:
            if error.status_code not in {codes.not_found, codes.conflict}:
                raise


def _image(reference: str, details: Tree) -> Image:
    digests = details.get("RepoDigests")
    names = [str(name) for name in digests] if isinstance(digests, list) else []
    wanted = repository_of(reference)
    matching = [name for name in names if name.partition("@")[0] == wanted]
    return Image(reference=reference, id=leaf(details, "Id"), digest=next(iter([*matching, *names]), None))


def repository_of(reference: str) -> str:
    """A reference without its tag and digest: `host:5000/shop:42` is `host:5000/shop`."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]
