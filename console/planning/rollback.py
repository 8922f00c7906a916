"""Rollback: the previous release gets the traffic again, by the steps that a deploy uses."""

from __future__ import annotations

import shlex
from dataclasses import replace

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.observed import Observed
from console.model.plan import Action, Plan, PlannedStep, Stage
from console.model.release import Release
from console.model.request import Request
from console.model.spec import Spec
from console.model.steps import ResolveImage
from console.planning import _blocks
from console.planning.earlier import earlier_release, standby_served
from console.planning.situation import Situation


def rollback(situation: Situation, request: Request) -> Plan:
    """Cut over to the previous release: warm if it runs, started again if it was retired, created anew if it is gone.

    It is not watched afterwards: it served before, and an incident does not wait.

    Raises:
        RefusedError: there is no earlier release, or none of that number, or it is what serves.
    """
    spec, observed = situation.spec, situation.observed
    target, active = observed.idle, observed.active
    steps = _blocks.chained(
        _blocks.preflight(),
        _bring_back(situation, target, request.to_release),
        _blocks.verify(target, spec),
        _blocks.cut_over(situation.upstream(target)),
        _blocks.prove(target, replace(spec, watch=replace(spec.watch, window=0.0))),
        _blocks.drain(active, spec, cause=f"{active.value} may still serve requests"),
        _blocks.keep_warm(active, spec),
    )
    return Plan(action=Action.ROLLBACK, target=target, previous=active, steps=steps)


def revert(situation: Situation, to: Color) -> Plan:
    """The way back within a rollout whose release failed after the cutover."""
    spec = situation.spec
    steps = _blocks.chained(
        _blocks.verify(to, spec),
        _blocks.cut_over(situation.upstream(to)),
    )
    named = tuple(
        replace(step, id=f"rollback-{step.id}", after=tuple(f"rollback-{name}" for name in step.after))
        for step in steps
    )
    return Plan(action=Action.ROLLBACK, target=to, previous=to.other, steps=named)


def _named(situation: Situation, number: int) -> Release:
    """The release of that number. Raises `RefusedError` when there is none, or when it is what serves."""
    active = situation.observed.active
    attempted, now = f"roll back to release {number}", f"{active.value} serves, nothing was changed"
    found = next((release for release in situation.releases if release.id == number), None)
    if found is None:
        known = ", ".join(str(release.id) for release in situation.releases[:5]) or "none"
        raise RefusedError(
            attempted, f"no such release is in the history (known: {known})", now=now, next_command="rollout history"
        )
    if _holds(situation.observed, active, found):
        raise RefusedError(attempted, "it is what serves", now=now, next_command="rollout history")
    return found


def _bring_back(situation: Situation, target: Color, number: int | None) -> tuple[PlannedStep, ...]:
    """The steps that make the target color run the wanted release."""
    observed, releases = situation.observed, situation.releases
    wanted = None if number is None else _named(situation, number)
    fits = standby_served(observed, releases) if wanted is None else _holds(observed, target, wanted)
    if observed.of(target) and fits:
        all_run = len(observed.running(target)) == len(observed.of(target))
        return () if all_run else _blocks.resume(target, situation.spec)
    release = wanted or earlier_release(observed, releases)
    if release is None:
        raise _no_way_back(situation, target)
    _recreatable(situation, release)
    image = PlannedStep(
        id="image",
        step=ResolveImage(color=target, reference=release.image.id, release=release.id, name=release.image.reference),
        title=f"use image {release.image.name} of release {release.id}",
        stage=Stage.PREPARE,
        cause="it served before; its configuration comes from the present Compose files",
        deadline=_blocks.PREFLIGHT_DEADLINE,
    )
    clear = (
        _blocks.remove(target, cause=f"{target.value} holds another release", spec=situation.spec)
        if observed.of(target)
        else ()
    )
    # An old release's migration knows nothing of what came after it, and many tools refuse such a database.
    cause = f"{target.value} has to run that release"
    return (image, *clear, *_blocks.start(situation, target, cause=cause, migrate=False))


def _recreatable(situation: Situation, release: Release) -> None:
    """Refuse to make a release anew that differs from what serves in nothing that is kept.

    Raises:
        RefusedError: it has the image that serves; only its configuration differed, and that was in the Compose files.
    """
    active = situation.observed.active
    if any(replica.image_id == release.image.id for replica in situation.observed.running(active)):
        raise RefusedError(
            f"roll back to release {release.id}",
            "it has the very image that serves; what differed is its configuration, and that was in the Compose files",
            now=f"{active.value} serves, nothing was changed",
            next_command=f"{_log(situation.spec)}   # restore the files of that release, then rollout deploy",
        )


def _log(spec: Spec) -> str:
    """The command that shows how the Compose files changed, wherever it is typed."""
    return shlex.join(["git", "-C", str(spec.directory), "log", "--", *map(str, spec.compose_files)])


def _holds(observed: Observed, color: Color, release: Release) -> bool:
    return all(release.run_by(replica) for replica in observed.of(color))


def _no_way_back(situation: Situation, target: Color) -> RefusedError:
    observed = situation.observed
    holds = "holds a release that never served" if observed.of(target) else "has no containers"
    return RefusedError(
        "roll back",
        f"{target.value} {holds} and the history knows no earlier release",
        now=f"{target.other.value} serves, nothing was changed",
        next_command="rollout cutover" if observed.running(target) else "rollout deploy --image REF",
    )
