"""Which image each color is pinned to, as its containers prove it, and what a plain `up` would make of that."""

from __future__ import annotations

from console.adapters.runtime import images, override
from console.adapters.runtime.container_replica import Listed
from console.adapters.runtime.containers import Containers, image_pinned
from console.adapters.runtime.docker_client import DockerClient
from console.adapters.runtime.override import Pin
from console.model.color import Color
from console.model.release import Image
from console.model.spec import Spec


class Pins:
    """Decides how a color is to be created; remembers what the operator should know about it."""

    def __init__(self, spec: Spec, client: DockerClient, containers: Containers) -> None:
        self._spec = spec
        self._client = client
        self._containers = containers
        self._moved: dict[Color, str] = {}

    async def choose(self, color: Color, image: Image, replicas: int) -> Pin:
        """How this color is to be created.

        Where a plain `up` does not read the override, a pin would make it recreate the color; so there is none as
        long as the plain name means the same image.
        """
        spec = self._spec
        twin = spec.derived_twin and color is Color.GREEN
        # What an explicit second service says about replicas isn't known, so it is always said for it.
        stated = spec.replicas if twin or spec.services[color] == spec.service else None
        scale = None if replicas == stated else replicas
        if not spec.pins_in_environment and not twin:
            plain = override.plain_image(spec, color)
            found = await images.resolve(self._client, plain) if plain else None
            if found is not None and found.id == image.id:
                return Pin()
        return Pin(image=image.id, replicas=scale)

    async def proven(self, found: tuple[Listed, ...], *colors: Color) -> dict[Color, Pin]:
        """The pins as the containers prove them; for a color without containers, as the override has them.

        A pin that nothing lives by any more goes when its image is gone, or every `up` would fail for it.
        """
        pins = override.read(self._spec)
        for color in colors:
            own = [one for one in found if one.service == self._spec.services[color]]
            details = await self._containers.inspect(own[:1])
            known = pins.pop(color, None)
            if details:
                image = image_pinned(details[0])
                if image:
                    pins[color] = known if known and known.image == image else Pin(image=image, replicas=len(own))
                elif known:
                    pins[color] = Pin()
            elif known and known.image and await images.resolve(self._client, known.image):
                pins[color] = known
        return pins

    async def notice_moved(self, found: tuple[Listed, ...], color: Color) -> None:
        """Notice that the tag which an unpinned color was made from means another image by now."""
        self._moved.pop(color, None)
        ids = {one.image_id for one in found if one.service == self._spec.services[color]}
        pin = override.read(self._spec).get(color, Pin())
        plain = override.plain_image(self._spec, color)
        current = await images.resolve(self._client, plain) if ids and plain and not pin.image else None
        if current is not None and ids != {current.id}:
            self._moved[color] = (
                f"a plain `docker compose up -d` would recreate {color.value}: {plain} means another image by now"
            )

    def warning(self, color: Color) -> str:
        """Why a plain `docker compose up -d` would recreate this color; empty when it would not."""
        twin = self._spec.derived_twin and color is Color.GREEN
        pin = override.read(self._spec).get(color)
        if pin is None or not pin.image or self._spec.pins_in_environment or twin:
            return self._moved.get(color, "")
        plain = override.plain_image(self._spec, color)
        return (
            f"a plain `docker compose up -d` would recreate {color.value}: it runs an image that the Compose files "
            f"({plain or self._spec.services[color]}) don't name; `rollout init --write-env` prevents that"
        )
