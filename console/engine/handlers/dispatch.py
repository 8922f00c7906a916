"""From a step to its handler. No decisions: one case a step."""

from __future__ import annotations

from typing import assert_never

from console.engine.handlers import drain, images, preflight, ready, replicas, smoke, upstream, watch
from console.engine.world import World
from console.model.steps import (
    ApplyUpstream,
    AwaitReady,
    BringUp,
    BuildImage,
    DrainColor,
    KeepWarm,
    Preflight,
    PullImage,
    ReadBack,
    RecordActive,
    RemoveReplicas,
    ResolveImage,
    ResumeReplicas,
    SmokeProxy,
    SmokeReplicas,
    StartReplicas,
    Step,
    StopReplicas,
    ValidateUpstream,
    Watch,
    WriteUpstream,
)


async def handle(step: Step, world: World) -> str:  # noqa: C901, PLR0911, PLR0912 - a table of twenty cases
    """Carry one step out; returns what to say about it."""
    match step:
        case BringUp():
            return await replicas.bring_up(step, world)
        case Preflight():
            return await preflight.preflight(step, world)
        case ResolveImage():
            return await images.resolve(step, world)
        case PullImage():
            return await images.pull(step, world)
        case BuildImage():
            return await images.build(step, world)
        case RemoveReplicas():
            return await replicas.remove(step, world)
        case StartReplicas():
            return await replicas.start(step, world)
        case ResumeReplicas():
            return await replicas.resume(step, world)
        case AwaitReady():
            return await ready.await_ready(step, world)
        case SmokeReplicas():
            return await smoke.smoke_replicas(step, world)
        case WriteUpstream():
            return await upstream.write(step, world)
        case ValidateUpstream():
            return await upstream.validate(step, world)
        case ApplyUpstream():
            return await upstream.apply(step, world)
        case ReadBack():
            return await upstream.read_back(step, world)
        case RecordActive():
            return await upstream.record(step, world)
        case SmokeProxy():
            return await smoke.smoke_proxy(step, world)
        case Watch():
            return await watch.watch(step, world)
        case DrainColor():
            return await drain.drain(step, world)
        case KeepWarm():
            return await drain.keep_warm(step, world)
        case StopReplicas():
            return await replicas.stop(step, world)
        case _:
            assert_never(step)
