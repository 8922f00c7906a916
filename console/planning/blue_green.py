"""Blue-green: bring the idle color up, verify it, move all traffic at once, keep the old color warm."""

from __future__ import annotations

from console.model.errors import RefusedError
from console.model.plan import Action, Plan, PlannedStep, Stage
from console.model.request import ImageSource, Request
from console.model.steps import BuildImage, PullImage, ResolveImage
from console.planning import _blocks
from console.planning.situation import Situation

RESOLVE_DEADLINE = 10.0


def deploy(situation: Situation, request: Request) -> Plan:
    """Bring a new release up on the idle color and, unless told otherwise, cut over to it.

    Raises:
        RefusedError: a build is asked of a service that has none, or no image is known.
    """
    spec, observed = situation.spec, situation.observed
    target, active = observed.idle, observed.active
    prepare = (
        _blocks.preflight(),
        _image(situation, request),
        _blocks.remove(target, cause=f"{target.value} is idle and makes room", spec=spec)
        if observed.of(target)
        else (),
        _blocks.start(situation, target, cause=f"{target.value} has to run the new release"),
        _blocks.verify(target, spec),
    )
    traffic = (
        (
            _blocks.cut_over(situation.upstream(target)),
            _blocks.prove(target, spec),
            _blocks.drain(active, spec, cause=f"{active.value} may still serve requests"),
            _blocks.keep_warm(active, spec),
        )
        if request.cutover
        else ()
    )
    return Plan(action=Action.DEPLOY, target=target, previous=active, steps=_blocks.chained(*prepare, *traffic))


def cutover(situation: Situation) -> Plan:
    """Move all traffic to the idle color, which runs already.

    Raises:
        RefusedError: the idle color has no running replica.
    """
    spec, observed = situation.spec, situation.observed
    target, active = observed.idle, observed.active
    if not observed.running(target):
        raise RefusedError(
            f"cut over to {target.value}",
            f"{target.value} has no running replica",
            now=f"{active.value} serves, nothing was changed",
            next_command="rollout deploy",
        )
    steps = _blocks.chained(
        _blocks.preflight(),
        _blocks.verify(target, spec),
        _blocks.cut_over(situation.upstream(target)),
        _blocks.prove(target, spec),
        _blocks.drain(active, spec, cause=f"{active.value} may still serve requests"),
        _blocks.keep_warm(active, spec),
    )
    return Plan(action=Action.CUTOVER, target=target, previous=active, steps=steps)


def _image(situation: Situation, request: Request) -> tuple[PlannedStep, ...]:
    target = situation.observed.idle
    reference = request.image or situation.spec.images.get(target)
    buildable = target in situation.spec.buildable
    builds = request.source is ImageSource.BUILD or (
        request.source is ImageSource.AUTO and buildable and request.image is None
    )
    if builds and not buildable:
        raise RefusedError(
            f"build {target.value}",
            f"the service {situation.spec.services[target]} has no build section",
            now="nothing was changed",
            next_command="rollout deploy --image REF",
        )
    if builds:
        step = BuildImage(color=target)
        return (
            _image_step(
                "build", step, f"build {target.value}", "the service has a build section", situation.spec.image.deadline
            ),
        )
    if reference is None:
        raise RefusedError(
            "deploy",
            f"no image is known for {target.value}",
            now="nothing was changed",
            next_command="rollout deploy --image REF",
        )
    if request.source is ImageSource.PULL or (request.source is ImageSource.AUTO and not situation.image_present):
        cause = "a pull was asked for" if request.source is ImageSource.PULL else "the image is not on this engine"
        pull = PullImage(color=target, reference=reference)
        return (_image_step("pull", pull, f"pull {reference}", cause, situation.spec.image.deadline),)
    local = ResolveImage(color=target, reference=reference)
    return (_image_step("image", local, f"use image {reference}", "it is on this engine", RESOLVE_DEADLINE),)


def _image_step(
    name: str, step: BuildImage | PullImage | ResolveImage, title: str, cause: str, deadline: float
) -> PlannedStep:
    return PlannedStep(id=name, step=step, title=title, stage=Stage.PREPARE, cause=cause, deadline=deadline)
