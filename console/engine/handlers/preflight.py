"""The look before anything is touched."""

from __future__ import annotations

from console.engine.world import World
from console.model.errors import RefusedError
from console.model.events import Warned
from console.model.observed import Observed
from console.model.steps import Preflight


async def preflight(_step: Preflight, world: World) -> str:
    """See that the proxy answers, and say which color has the traffic and how that is known.

    Raises:
        RefusedError: the proxy can't be seen, so a cutover could not be proven.
    """
    observed = await world.ports.observe()
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
    if observed.drift is not None:
        state, file, live = observed.drift
        world.publish(Warned(text=f"DRIFT: state {state}, file {file}, live {live}", hint="rollout recover --adopt"))
    return f"{observed.active.value} serves, generation {upstream.live.generation}"


def _source(observed: Observed) -> str:
    color = observed.active.value
    live = observed.upstream.live
    if observed.served is not None:
        return f"{color} answers through the proxy"
    return f"the live proxy names {color}" if live and live.color else f"{color} by default"
