"""Do the times fit each other?"""

from __future__ import annotations

from collections.abc import Iterator

from console.model.color import Color
from console.model.facts import StaticFacts
from console.model.finding import Finding
from console.model.spec import Spec
from console.planning.preflight.findings import hint, ok, seconds, warning


def check(spec: Spec, static: StaticFacts) -> Iterator[Finding]:
    """Findings about deadlines, grace periods and intervals."""
    yield _stop_grace(spec)
    yield _drain_against_probe(spec, static)
    yield _ready_against_start(spec, static)
    yield _proxy_grace(spec, static)


def _stop_grace(spec: Spec) -> Finding:
    code, where = "service.stop-grace", f"services.{spec.service}.stop_grace_period"
    drain = spec.drain.deadline
    if spec.stop_grace >= drain:
        return ok(code, where, f"Docker waits {seconds(spec.stop_grace)}, the drain at most {seconds(drain)}")
    return warning(
        code,
        where,
        f"stop_grace_period is {seconds(spec.stop_grace)}, the drain deadline {seconds(drain)}",
        why="when Docker stops a replica by itself (`down`, a reboot), requests that a drain waits for are killed",
        fix=f"set stop_grace_period: {seconds(drain + 10)} (or a shorter x-rollout.drain.deadline)",
    )


def _drain_against_probe(spec: Spec, static: StaticFacts) -> Finding:
    code, where = "drain.probe-interval", "x-rollout.drain.deadline"
    check = static.services[Color.BLUE].healthcheck
    drain, interval = spec.drain.deadline, check.interval if check is not None else 0.0
    if drain >= interval:
        return ok(code, where, "a drain is longer than one health interval")
    return warning(
        code,
        where,
        f"the drain deadline is {seconds(drain)}, health is probed every {seconds(interval)}",
        why="a replica that breaks while it drains is not noticed before the drain is over and cut off",
        fix=f"set drain: {{deadline: {seconds(max(interval * 2, 30))}}}, or a healthcheck interval of 5s",
    )


def _ready_against_start(spec: Spec, static: StaticFacts) -> Finding:
    code, where = "ready.start-period", "x-rollout.ready.deadline"
    check = static.services[Color.BLUE].healthcheck
    period = check.start_period if check is not None else 0.0
    if spec.ready.deadline >= period:
        return ok(code, where, "replicas get at least their start period to become ready")
    return warning(
        code,
        where,
        f"the ready deadline is {seconds(spec.ready.deadline)}, the healthcheck's start period {seconds(period)}",
        why="a replica that is allowed to take its start period would fail the rollout",
        fix=f"set ready: {{deadline: {seconds(period)}}}",
    )


def _proxy_grace(spec: Spec, static: StaticFacts) -> Finding:
    code, where = "proxy.stop-grace", f"services.{static.proxy.name}.stop_grace_period"
    grace = static.proxy.stop_grace
    if grace is not None and grace >= spec.drain.deadline:
        return ok(code, where, "the proxy gets time to finish when it is stopped")
    return hint(
        code,
        where,
        "the proxy's stop grace is "
        + (f"{seconds(grace)}" if grace is not None else "Docker's 10s")
        + f", the drain deadline {seconds(spec.drain.deadline)}",
        why="no rollout stops the proxy; but when you do, longer requests are cut",
        fix=f"set stop_signal: SIGQUIT and stop_grace_period: {seconds(spec.drain.deadline + 10)} on the proxy",
    )
