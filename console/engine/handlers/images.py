"""Steps that find the release's image."""

from __future__ import annotations

import shlex
from dataclasses import replace

from console.engine.world import World
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.events import ImageResolved
from console.model.release import Image, image_name
from console.model.steps import BuildImage, PullImage, ResolveImage


async def resolve(step: ResolveImage, world: World) -> str:
    """Use what is on the engine."""
    image = await world.ports.runtime.resolve(step.reference)
    if image is None:
        # What is named by its id can't be pulled: no registry knows it.
        known = step.reference.startswith("sha256:")
        raise RuntimeFailedError(
            f"use image {image_name(step.reference)}",
            "it is not on this engine",
            now="nothing was started",
            next_command="rollout history" if known else f"docker pull {shlex.quote(step.reference)}",
        )
    if step.release is not None:
        image = replace(image, reference=step.name or image.reference)
        world.learnt.origin = step.release
    return await _known(step.color, image, world)


async def pull(step: PullImage, world: World) -> str:
    """Pull it."""
    world.progress(f"pulling {step.reference}")
    return await _known(step.color, await world.ports.runtime.pull(step.reference), world)


async def build(step: BuildImage, world: World) -> str:
    """Build it."""
    world.progress(f"building {world.spec.services[step.color]}")
    return await _known(step.color, await world.ports.runtime.build(step.color), world)


async def _known(color: Color, image: Image, world: World) -> str:
    await world.ports.runtime.keep_image(image, release=world.rollout)
    world.learnt.image = image
    world.publish(ImageResolved(color=color, reference=image.reference, id=image.id, digest=image.digest))
    return f"{image.name} is {image.short}"
