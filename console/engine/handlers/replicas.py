"""Steps that clear, start, and stop the replicas of an idle color."""

from __future__ import annotations

from console.engine.handlers.drain import wait_until_drained
from console.engine.world import World, addresses
from console.model.color import Color
from console.model.errors import ProxyUnreachableError, RefusedError, RuntimeFailedError
from console.model.events import ColorRetired, RequestsCut, Warned
from console.model.observed import Replica
from console.model.steps import BringUp, RemoveReplicas, ResumeReplicas, StartReplicas, StopReplicas

PROXY_START = 15.0
"""Seconds after which a proxy that was brought up has to answer on its control listener."""
PROXY_HOPELESS = 2.0
"""Seconds after which a proxy that runs no more, or never can be asked, is given up."""
PROXY_PAUSE = 0.2


async def bring_up(step: BringUp, world: World) -> str:
    """Bring the color and the proxy up; what runs already stays as it is."""
    world.progress(f"bringing {world.spec.services[step.color]} and {world.spec.proxy.service} up")
    await world.ports.runtime.bring_up(step.color)
    await _proxy_answers(world)
    return f"{step.color.value} and the proxy are up"


async def _proxy_answers(world: World) -> None:
    """Wait until the proxy can be asked: whoever is asked through it later is not to be blamed for its silence.

    Raises:
        ProxyUnreachableError: it was silent for `PROXY_START` seconds, or for `PROXY_HOPELESS` without any hope.
    """
    clock = world.ports.clock
    began, hopeless_since = clock.awake(), None
    told = began
    while True:
        upstream = await world.ports.proxy.observe()
        if upstream.live is not None:
            return
        now = clock.awake()
        hopeless_since = (hopeless_since or now) if upstream.hopeless else None
        found = upstream.problem or "it does not answer on its control listener"
        world.expire("see the proxy", found)
        if now - began >= PROXY_START or (hopeless_since and now - hopeless_since >= PROXY_HOPELESS):
            raise ProxyUnreachableError("see the proxy", found, next_command=upstream.way_on or "rollout check")
        if now - told >= 1.0:
            told = now
            world.progress(f"the proxy does not answer yet: {found}")
        await clock.sleep(PROXY_PAUSE)


async def remove(step: RemoveReplicas, world: World) -> str:
    """Remove old containers, after what they still serve is finished."""
    ran = await release(step.color, world, seconds=world.spec.drain.deadline)
    if ran:
        _tell_grace(step.color, world)
    await world.ports.runtime.remove(step.color)
    if ran:
        world.publish(ColorRetired(color=step.color))
    return f"{step.color.value} is empty"


def _tell_grace(color: Color, world: World) -> None:
    text = f"{color.value} got the stop signal, and has {world.spec.stop_grace:g} s from then"
    world.progress(text, left=float("inf"))  # how long is left nobody tells while the runtime waits


async def start(step: StartReplicas, world: World) -> str:
    """Create and start from the resolved image."""
    image = world.learnt.image
    if image is None:
        raise RuntimeFailedError(f"start {step.color.value}", "its image was not resolved")
    world.learnt.started = True
    world.progress(f"starting {world.spec.services[step.color]}")
    await world.ports.runtime.start(step.color, image, replicas=step.replicas, migrate=step.migrate)
    for color in Color:  # a tag that moved concerns the color that serves
        warning = world.ports.runtime.pin_warning(color)
        if warning:
            world.publish(Warned(text=warning, hint="rollout init --write-env"))
    return f"{step.replicas} started from {image.short}"


async def resume(step: ResumeReplicas, world: World) -> str:
    """Start stopped containers again."""
    world.learnt.started = True
    await world.ports.runtime.resume(step.color)
    return f"{step.color.value} runs again"


async def stop(step: StopReplicas, world: World) -> str:
    """Stop a color after the step that drained it; what is still in flight is counted as dropped."""
    if await release(step.color, world, seconds=0.0):
        _tell_grace(step.color, world)
    await world.ports.runtime.stop(step.color)
    world.publish(ColorRetired(color=step.color))
    return f"{step.color.value} stopped, its containers are kept"


async def release(color: Color, world: World, *, seconds: float) -> tuple[Replica, ...]:
    """Make sure that a color serves nobody before it gets a stop signal; list what is cut after `seconds`.

    Returns its running replicas.

    Raises:
        RefusedError: the proxy still sends it requests, or can't be seen, so that it might.
    """
    replicas = await world.replicas(color)
    if not replicas:
        return ()
    upstream = await world.ports.proxy.observe()
    live = upstream.live
    if live is None:
        raise RefusedError(
            f"stop {color.value}",
            f"the proxy may still send it requests: {upstream.problem or 'it does not answer'}",
            now=f"{color.value} runs on",
            next_command="rollout status",
        )
    if (live.color or Color.BLUE) is color or live.served in addresses(replicas):
        raise RefusedError(
            f"stop {color.value}",
            "it is in the live upstream",
            now=f"{color.value} serves",
            next_command="rollout status",
        )
    in_flight = await wait_until_drained(color, world, seconds=seconds)
    if in_flight:
        world.publish(RequestsCut(color=color, count=in_flight))
    return replicas
