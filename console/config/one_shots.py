"""The services that have to complete before a color may start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.config.services import Roles
from console.model.color import Color
from console.model.facts import ServiceFacts
from console.model.spec import OneShot

COMPLETED = "service_completed_successfully"


def one_shots(project: str, roles: Roles, services: Mapping[str, ServiceFacts]) -> dict[Color, tuple[OneShot, ...]]:
    """What each color needs completed, by name, through any number of other services.

    Compose starts all of these at every `up` of the color, not only those that the color names itself.
    """
    kept = {*roles.services.values(), roles.proxy}
    found: dict[Color, tuple[OneShot, ...]] = {}
    for color, name in roles.services.items():
        start = roles.service if roles.derived_twin else name
        names = sorted(set(_completing(start, services, seen={start})) - kept)
        found[color] = tuple(_one_shot(project, services[one]) for one in names)
    return found


def _completing(name: str, services: Mapping[str, ServiceFacts], *, seen: set[str]) -> Iterator[str]:
    for other, condition in services[name].depends_on.items():
        if other not in services:
            continue
        if condition == COMPLETED:
            yield other
        if other not in seen:
            seen.add(other)
            yield from _completing(other, services, seen=seen)


def _one_shot(project: str, service: ServiceFacts) -> OneShot:
    own = f"{project}-{service.name}" if service.builds else ""
    return OneShot(service=service.name, image=service.image or own, builds=service.builds)
