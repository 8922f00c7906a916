"""Draining: waiting until a color that is out of the upstream serves nothing any more."""

from __future__ import annotations

from console.engine.world import World, addresses
from console.model.color import Color
from console.model.errors import RefusedError
from console.model.events import StandbyKept, Warned
from console.model.steps import DrainColor, KeepWarm

POLL = 0.05
"""Seconds between looks; a look costs the proxy's host a few milliseconds."""


async def drain(step: DrainColor, world: World) -> str:
    """Wait for in flight 0; when the deadline passes first, say what is left. Nothing is cut: nothing is stopped here.

    Raises:
        RefusedError: the color is in the live upstream.
    """
    live = (await world.ports.proxy.observe()).live
    there = addresses(await world.replicas(step.color))
    if live is not None and ((live.color or Color.BLUE) is step.color or live.served in there):
        raise RefusedError(
            f"drain {step.color.value}",
            "it is the only color that serves",
            now=f"{step.color.value} serves",
            next_command="rollout status",
        )
    left = await wait_until_drained(step.color, world, seconds=world.spec.drain.deadline)
    if left:
        text = f"{step.color.value} still serves {_requests(left)} after the drain deadline; it stays up for them"
        world.publish(Warned(text=text, hint="raise x-rollout.drain.deadline"))
        return f"{_requests(left)} in flight at the deadline"
    return "in flight 0"


async def keep_warm(step: KeepWarm, world: World) -> str:
    """Leave the color running; say so when there is nothing left that runs."""
    if not await world.replicas(step.color):
        text = f"{step.color.value} does not run: a rollback has to start it first"
        world.publish(Warned(text=text, hint="rollout status"))
        return f"{step.color.value} does not run"
    world.publish(StandbyKept(color=step.color, seconds=step.seconds))
    minutes, rest = divmod(step.seconds, 60)
    return f"it stays up for {step.seconds:g} s" if rest else f"it stays up for {minutes:g} min"


async def wait_until_drained(color: Color, world: World, *, seconds: float) -> int:
    """Wait until no old worker of the proxy finishes requests and no connection leads to the color.

    Returns how many requests are left when `seconds` have passed; 0 when it is drained.
    """
    clock = world.ports.clock
    end = clock.awake() + min(seconds, world.remaining())
    shown = -1.0
    while True:
        there = addresses(await world.replicas(color))
        in_flight = await world.ports.proxy.in_flight(there) if there else 0
        old = await world.ports.proxy.old_workers()
        if not old and not in_flight:
            return 0
        now = clock.awake()
        if now >= end:
            # With no way to count connections, every old worker stands for at least one.
            return in_flight if in_flight is not None else old
        if now - shown >= 1.0 or shown < 0:
            shown = now
            workers = "1 old worker" if old == 1 else f"{old} old workers"
            text = f"{workers} finish what they serve" if in_flight is None else f"{in_flight} in flight, {workers}"
            world.progress(text, left=end - now)
        await clock.sleep(POLL)


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
