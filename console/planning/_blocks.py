"""The blocks that strategies are built of: each returns steps chained to what must have succeeded before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from console.model.color import Color
from console.model.observed import Upstream
from console.model.plan import PlannedStep, Stage
from console.model.spec import Spec
from console.model.steps import (
    ApplyUpstream,
    AwaitReady,
    DrainColor,
    KeepWarm,
    Preflight,
    ReadBack,
    RecordActive,
    RemoveReplicas,
    ResumeReplicas,
    SmokeProxy,
    SmokeReplicas,
    StartReplicas,
    StopReplicas,
    ValidateUpstream,
    Watch,
    WriteUpstream,
)
from console.planning.situation import Situation

PREFLIGHT_DEADLINE = 10.0
"""Seconds for a look at the runtime and the proxy; both answer in milliseconds when they answer."""
PROXY_DEADLINE = 10.0
"""Seconds for one command to the proxy."""
READ_BACK_DEADLINE = 5.0
"""Seconds until a reload must be seen; a refused one never is (nginx retries a taken port for 2.5 s)."""
WATCH_GRACE = 7.0
"""Seconds beyond the window in which the last samples arrive."""


def chained(*blocks: Iterable[PlannedStep]) -> tuple[PlannedStep, ...]:
    """All steps in one chain: each needs the success of the one before it."""
    chain: list[PlannedStep] = []
    for step in (step for block in blocks for step in block):
        chain.append(replace(step, after=(chain[-1].id,) if chain else ()))
    return tuple(chain)


def preflight() -> tuple[PlannedStep, ...]:
    """The look before anything is touched."""
    return (
        PlannedStep(
            id="preflight",
            step=Preflight(),
            title="preflight",
            stage=Stage.PREPARE,
            cause="the proxy and the record must agree before anything moves",
            deadline=PREFLIGHT_DEADLINE,
        ),
    )


def remove(color: Color, *, cause: str, spec: Spec) -> tuple[PlannedStep, ...]:
    """Clear the idle color."""
    return (
        PlannedStep(
            id="remove",
            step=RemoveReplicas(color=color),
            title=f"remove old {color.value} replicas",
            stage=Stage.PREPARE,
            cause=cause,
            deadline=spec.drain.deadline + spec.stop_grace + PROXY_DEADLINE,
        ),
    )


def start(situation: Situation, color: Color, *, cause: str, migrate: bool = True) -> tuple[PlannedStep, ...]:
    """Create and start the idle color, after its own migrations unless told otherwise.

    It gets as many replicas as the color that it relieves has, should that have been scaled up by hand.
    """
    spec = situation.spec
    replicas = max(spec.replicas, len(situation.observed.running(color.other)))
    count = "1 replica" if replicas == 1 else f"{replicas} replicas"
    return (
        PlannedStep(
            id="start",
            step=StartReplicas(color=color, replicas=replicas, migrate=migrate),
            title=f"start {color.value} ({count})",
            stage=Stage.PREPARE,
            cause=cause,
            deadline=spec.start.deadline,
        ),
    )


def resume(color: Color, spec: Spec) -> tuple[PlannedStep, ...]:
    """Start a retired color's containers again."""
    return (
        PlannedStep(
            id="resume",
            step=ResumeReplicas(color=color),
            title=f"start {color.value} again",
            stage=Stage.PREPARE,
            cause=f"{color.value} was retired; its containers are still here",
            deadline=spec.start.deadline,
        ),
    )


def verify(color: Color, spec: Spec) -> tuple[PlannedStep, ...]:
    """Make sure of a color before it gets any traffic."""
    times = "1 answer" if spec.ready.successes == 1 else f"{spec.ready.successes} answers"
    return (
        PlannedStep(
            id="await-ready",
            step=AwaitReady(color=color, path=spec.ready.path, successes=spec.ready.successes),
            title=f"wait until {color.value} is ready ({times} on {spec.ready.path})",
            stage=Stage.PREPARE,
            cause="no traffic for a replica that is not ready",
            deadline=spec.ready.deadline,
        ),
        PlannedStep(
            id="smoke-replicas",
            step=SmokeReplicas(color=color),
            title=f"smoke {color.value} directly",
            stage=Stage.PREPARE,
            cause="every replica must answer before users reach it",
            deadline=smoke_deadline(spec),
        ),
    )


def cut_over(upstream: Upstream, *, cause: str = "") -> tuple[PlannedStep, ...]:
    """Move the upstream to a color and see it serve."""
    color = upstream.color
    return (
        PlannedStep(
            id="write",
            step=WriteUpstream(upstream=upstream),
            title=f"write upstream {color.value}, generation {upstream.generation}",
            stage=Stage.CUTOVER,
            cause=cause or f"{color.value} is verified",
            deadline=PROXY_DEADLINE,
        ),
        PlannedStep(
            id="validate",
            step=ValidateUpstream(),
            title="validate the proxy's configuration",
            stage=Stage.CUTOVER,
            cause="a configuration is tested before it is applied",
            deadline=PROXY_DEADLINE,
        ),
        PlannedStep(
            id="apply",
            step=ApplyUpstream(),
            title="apply it",
            stage=Stage.CUTOVER,
            cause="the proxy takes a configuration when told",
            deadline=PROXY_DEADLINE,
        ),
        PlannedStep(
            id="read-back",
            step=ReadBack(upstream=upstream),
            title=f"read back: {color.value} serves",
            stage=Stage.CUTOVER,
            cause="an accepted command is not yet a served configuration",
            deadline=READ_BACK_DEADLINE,
        ),
        PlannedStep(
            id="record",
            step=RecordActive(color=color),
            title=f"record {color.value} as active",
            stage=Stage.VERIFY,
            cause="the proxy was seen serving it",
            deadline=PROXY_DEADLINE,
        ),
    )


def prove(color: Color, spec: Spec) -> tuple[PlannedStep, ...]:
    """Make sure of a color while it serves."""
    smoke = PlannedStep(
        id="smoke-proxy",
        step=SmokeProxy(color=color),
        title="smoke through the proxy",
        stage=Stage.VERIFY,
        cause="what users get is what counts",
        deadline=smoke_deadline(spec),
    )
    if not spec.watch.window:
        return (smoke,)
    watch = PlannedStep(
        id="watch",
        step=Watch(color=color, window=spec.watch.window),
        title=f"watch {color.value} for {spec.watch.window:g}s",
        stage=Stage.VERIFY,
        cause="some faults show only under traffic",
        # What is due last may take its whole time; then Docker has its word.
        deadline=spec.watch.window + spec.answer_timeout + WATCH_GRACE,
    )
    return (smoke, watch)


def drain(color: Color, spec: Spec, *, cause: str) -> tuple[PlannedStep, ...]:
    """Wait for the requests that a color still serves."""
    return (
        PlannedStep(
            id="drain",
            step=DrainColor(color=color),
            title=f"drain {color.value}",
            stage=Stage.FINISH,
            cause=cause,
            deadline=spec.drain.deadline,
        ),
    )


def keep_warm(color: Color, spec: Spec) -> tuple[PlannedStep, ...]:
    """Leave the drained color running."""
    return (
        PlannedStep(
            id="keep-warm",
            step=KeepWarm(color=color, seconds=spec.standby.keep),
            title=f"keep {color.value} as warm standby",
            stage=Stage.FINISH,
            cause="a rollback to it is instant",
            deadline=None,
        ),
    )


def stop(color: Color, spec: Spec, *, cause: str) -> tuple[PlannedStep, ...]:
    """Stop a color that is out of the upstream."""
    return (
        PlannedStep(
            id="stop",
            step=StopReplicas(color=color),
            title=f"stop {color.value}",
            stage=Stage.FINISH,
            cause=cause,
            deadline=spec.stop_grace + PROXY_DEADLINE,
        ),
    )


def smoke_deadline(spec: Spec) -> float:
    """Seconds that all attempts of a smoke request can take together, and one more."""
    smoke = spec.smoke
    return round(smoke.attempts * smoke.timeout + (smoke.attempts - 1) * smoke.delay + 1.0, 3)
