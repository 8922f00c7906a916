"""Rollback: the previous release gets the traffic again, by the steps that a deploy uses."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.observed import Observed
from console.model.plan import Action, Plan, PlannedStep, Stage
from console.model.release import Release
from console.model.request import Request
from console.model.steps import ResolveImage
from console.planning import _blocks
from console.planning.situation import Situation


def rollback(situation: Situation, request: Request) -> Plan:
    """Cut over to the previous release: warm if it runs, started again if it was retired, created anew if it is gone.

    It is not watched afterwards: it served before, and an incident does not wait.

    Raises:
        RefusedError: there is no earlier release, or none of that number.
    """
    spec, observed = situation.spec, situation.observed
    target, active = observed.idle, observed.active
    wanted = _release(situation, request)
    steps = _blocks.chained(
        _blocks.preflight(),
        _bring_back(situation, target, wanted),
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


def _release(situation: Situation, request: Request) -> Release | None:
    """The release asked for by number, or None for whatever the idle color holds."""
    if request.to_release is None:
        return None
    for release in situation.releases:
        if release.id == request.to_release:
            return release
    known = ", ".join(str(release.id) for release in situation.releases[:5]) or "none"
    raise RefusedError(
        f"roll back to release {request.to_release}",
        f"no such release is in the history (known: {known})",
        now=f"{situation.observed.active.value} serves, nothing was changed",
        next_command="rollout history",
    )


def _bring_back(situation: Situation, target: Color, wanted: Release | None) -> tuple[PlannedStep, ...]:
    """The steps that make the target color run the wanted release."""
    observed = situation.observed
    fits = wanted is None or _holds(observed, target, wanted)
    if observed.of(target) and fits:
        all_run = len(observed.running(target)) == len(observed.of(target))
        return () if all_run else _blocks.resume(target)
    release = wanted or _previous(situation, target)
    image = PlannedStep(
        id="image",
        step=ResolveImage(color=target, reference=release.image.id),
        title=f"use image {release.image.reference} of release {release.id}",
        stage=Stage.PREPARE,
        cause="it served before",
        deadline=_blocks.PREFLIGHT_DEADLINE,
    )
    clear = (
        _blocks.remove(target, cause=f"{target.value} holds another release", spec=situation.spec)
        if observed.of(target)
        else ()
    )
    return (image, *clear, *_blocks.start(target, situation.spec))


def _holds(observed: Observed, color: Color, release: Release) -> bool:
    return all(replica.image_id == release.image.id for replica in observed.of(color))


def _previous(situation: Situation, target: Color) -> Release:
    """The newest release that is not the one that serves now."""
    serving = {replica.image_id for replica in situation.observed.of(target.other)}
    for release in situation.releases:
        if release.image.id not in serving:
            return release
    raise RefusedError(
        "roll back",
        f"{target.value} has no containers and the history knows no earlier release",
        now=f"{target.other.value} serves, nothing was changed",
        next_command="rollout deploy --image REF",
    )
