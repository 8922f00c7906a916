"""The look before anything is touched."""

from __future__ import annotations

import shlex
from pathlib import PurePath

from console.engine import history
from console.engine.world import World
from console.model.errors import RefusedError
from console.model.events import ReleaseFound, Warned
from console.model.observed import Observed
from console.model.release import Image
from console.model.steps import Preflight


async def preflight(_step: Preflight, world: World) -> str:
    """See that the proxy answers, and say which color has the traffic and how that is known.

    Raises:
        RefusedError: the proxy can't be seen, so a cutover could not be proven.
    """
    observed = world.observed
    upstream = observed.upstream
    if upstream.live is None:
        raise RefusedError(
            "see the proxy",
            upstream.problem or "it does not answer on its control listener",
            now="nothing was changed",
            next_command="rollout up",
        )
    if observed.recorded is None:
        world.publish(Warned(text=f"no color is recorded: {_source(observed)}"))
    _compare_files(observed, world)
    await _remember(observed, world)
    if observed.drift is not None:
        state, file, live = observed.drift
        world.publish(Warned(text=f"DRIFT: state {state}, file {file}, live {live}; this rollout goes by what is live"))
    return f"{observed.active.value} serves, generation {upstream.live.generation}"


def _compare_files(observed: Observed, world: World) -> None:
    """Say when other Compose files are in use now than the serving color was created from: a `-f` was forgotten.

    By their names, since a stack may be rolled out from several checkouts.
    """
    spec = world.spec
    now = [file.name for file in spec.compose_files]
    for replica in observed.running(observed.active)[:1]:
        then = [PurePath(file).name for file in replica.compose_files]
        if then and now and then != now:
            text = f"{replica.name} was created from {', '.join(then)}; this rollout uses {', '.join(now)}"
            flags = shlex.join(word for file in replica.compose_files for word in ("-f", file))
            world.publish(Warned(text=text, hint=f"end it, and add {flags}"))


async def _remember(observed: Observed, world: World) -> None:
    """Enter what serves into the history that the history does not know, and keep its image for the way back."""
    journal = world.ports.journal
    for replica in observed.running(observed.active)[:1]:
        if not replica.image_id or any(release.run_by(replica) for release in history.recent(journal)):
            return
        records = history.whole(journal)
        if any(release.run_by(replica) for release in history.releases(records)):
            return
        image = Image(reference=replica.image, id=replica.image_id)
        number = history.maker(records, replica.image_id)
        await world.ports.runtime.keep_image(image, release=number)
        world.publish(
            ReleaseFound(
                color=replica.color,
                reference=replica.image,
                image_id=replica.image_id,
                config_hash=replica.config_hash,
                release=number,
            )
        )


def _source(observed: Observed) -> str:
    color = observed.active.value
    live = observed.upstream.live
    if observed.served is not None:
        return f"{color} answers through the proxy"
    return f"the live proxy names {color}" if live and live.color else f"{color} by default"
