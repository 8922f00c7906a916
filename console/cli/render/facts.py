"""Facts of a rollout in a phrase each."""

from __future__ import annotations

from typing import assert_never

from console.cli.render.clean import clean
from console.model.events import ColorRetired, CutoverSeen, ImageResolved, ReleaseFound, ReleaseServed
from console.model.release import image_name, short_id

Fact = ImageResolved | CutoverSeen | ReleaseServed | ReleaseFound | ColorRetired


def fact(event: Fact) -> str:
    """A fact of a rollout in a phrase."""
    match event:
        case ImageResolved():
            short = short_id(event.id)
            return clean(f"{event.color.value} gets image {image_name(event.reference)} ({short})")
        case CutoverSeen():
            seen = f"generation {event.generation} live, no old worker accepts"
            return clean(f"{event.color.value} is seen serving: {seen}, {event.served} answers")
        case ReleaseServed():
            return clean(f"{event.color.value} serves {image_name(event.reference)}")
        case ReleaseFound():
            made = "which no rollout made: it is release r0 now"
            if event.release:
                made = f"release r{event.release}: its rollout was cut off before it could record it"
            return clean(f"{event.color.value} serves {image_name(event.reference)}, {made}")
        case ColorRetired():
            return f"{event.color.value} is stopped"
        case _:
            assert_never(event)
