"""Steps of the cutover: write, validate, apply, read back, record."""

from __future__ import annotations

import asyncio

from console.engine import history
from console.engine.world import World, addresses, describe
from console.model.errors import ProxyRefusedError
from console.model.events import ActiveRecorded, CutoverSeen, ReleaseServed
from console.model.observed import Replica
from console.model.release import image_name
from console.model.steps import ApplyUpstream, ReadBack, RecordActive, ValidateUpstream, WriteUpstream

_PLACES = 3
"""How many places are named; `rollout check` names all."""
_PLACE = 100
"""How much of each: a regular expression may be of any length."""


async def write(step: WriteUpstream, world: World) -> str:
    """Replace the upstream file; remember what was there."""
    world.learnt.before = world.ports.proxy.read()
    world.learnt.written = True
    world.ports.proxy.write(step.upstream)
    return describe(step.upstream)


async def validate(_step: ValidateUpstream, world: World) -> str:
    """Let the proxy test it, and warn of what goes past the upstream: it is no reason to keep a release back."""
    past = await world.ports.proxy.validate()
    if past:
        world.warn_once(_past(past), hint="rollout check")
    return "accepted"


async def apply(_step: ApplyUpstream, world: World) -> str:
    """Tell the proxy to take it."""
    world.learnt.applied = True
    world.learnt.workers = await world.ports.proxy.apply()
    return f"told; {len(world.learnt.workers)} old workers"


async def read_back(step: ReadBack, world: World) -> str:
    """See the color serve: generation, workers, and whose address answers.

    Raises:
        ProxyRefusedError: it was not seen; the recorded color must not advance.
    """
    upstream = step.upstream
    seen, replicas = await asyncio.gather(
        world.ports.proxy.read_back(upstream.generation, world.learnt.workers, deadline=world.remaining()),
        world.replicas(upstream.color),
    )
    served = seen.live.served if seen.live else None
    if served is None or served not in addresses(replicas):
        raise ProxyRefusedError(
            f"see {upstream.color.value} serve",
            f"generation {upstream.generation} is live, but {served or 'no replica'} answered, "
            f"which is none of {', '.join(sorted(addresses(replicas))) or 'its replicas'}",
        )
    world.publish(CutoverSeen(color=upstream.color, generation=upstream.generation, served=served))
    return f"generation {upstream.generation} live, {served} answers, no old worker accepts"


async def record(step: RecordActive, world: World) -> str:
    """Record the color, and its release in the history."""
    world.ports.active.write(step.color)
    world.publish(ActiveRecorded(color=step.color))
    replicas = await world.replicas(step.color)
    reference = "nothing that runs"
    if replicas:
        first = replicas[0]
        image = world.learnt.image
        ours = image is not None and image.id == first.image_id
        reference = image.reference if image is not None and ours else first.image
        world.publish(
            ReleaseServed(
                color=step.color,
                reference=reference,
                image_id=first.image_id,
                digest=image.digest if image is not None and ours else None,
                config_hash=first.config_hash,
                origin=_origin(world) if ours else _known(world, first),
            )
        )
    world.learnt.recorded = True
    return f"{step.color.value} serves {image_name(reference)}"


def _past(places: tuple[str, ...]) -> str:
    told = [place if len(place) <= _PLACE else f"{place[: _PLACE - 3]}..." for place in places[:_PLACES]]
    if len(places) > _PLACES:
        told.append(f"{len(places) - _PLACES} more")
    why = "no cutover moves that, and it fails when its color is stopped or replaced"
    return f"past the upstream: {'; '.join(told)}; {why}"


def _known(world: World, replica: Replica) -> int:
    """The number of the release that serves again, so that a later look need not go back to where it was made."""
    try:
        return history.number_of(world.ports.journal, replica)
    except OSError:
        return 0  # whoever reads the journal finds it: nothing that only tells may fail once traffic has moved


def _origin(world: World) -> int:
    """The number of the rollout that made the release that this rollout serves."""
    return world.rollout if world.learnt.origin is None else world.learnt.origin
