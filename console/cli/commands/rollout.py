"""up, deploy, cutover, drain, rollback, retire: one runner for everything that goes through a plan."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from console.cli.ask import confirm_stack
from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.document import document
from console.cli.runner import carry_out
from console.model.color import Color
from console.model.plan import Action, Plan
from console.model.request import ImageSource, Request
from console.model.spec import LoadSpec, Spec

if TYPE_CHECKING:
    from console.engine.session import Session

_PROTECTED = frozenset({Action.DEPLOY, Action.CUTOVER})
"""What a protected stack asks its name for. Never a rollback: an incident does not wait for typing."""


def run(invocation: Invocation) -> int:
    """Carry the command out, or print its plan."""
    spec = invocation.spec()
    request = request_of(invocation, spec)
    if spec.protected and request.action in _PROTECTED and not invocation.line.plan:
        confirm_stack(invocation, name=spec.project, what=request.action.value)

    async def inside() -> int:
        async with invocation.backend.session(
            spec, invocation.actor, read_only=invocation.line.read_only or invocation.line.plan
        ) as session:
            if invocation.line.plan:
                return await _print_plan(invocation, session, request)
            outcome = await carry_out(invocation, session, lambda: session.run(request))
            return outcome.result.exit_code

    return asyncio.run(inside())


def request_of(invocation: Invocation, spec: Spec) -> Request:
    """What was asked of the engine."""
    line = invocation.line
    return Request(
        action=Action(line.command),
        image=line.image,
        source=ImageSource(line.source),
        cutover=not line.no_cutover,
        color=Color(line.color) if line.color else None,
        to_release=line.to_release,
        load=load_of(invocation, spec),
        require_zero_drops=line.require_zero_drops,
    )


def load_of(invocation: Invocation, spec: Spec) -> LoadSpec | None:
    """The load that `--load` asks for: at the stack's own address, never anywhere else."""
    line = invocation.line
    if line.with_load is None and not line.require_zero_drops:
        return None
    stated = spec.load or LoadSpec(url=urlunsplit((*urlsplit(spec.smoke.url)[:2], "/", "", "")))
    return LoadSpec(url=stated.url, rate=line.with_load or stated.rate)


async def _print_plan(invocation: Invocation, session: Session, request: Request) -> int:
    plan = await session.plan(request)
    if invocation.line.json:
        invocation.output.document(plan_document(plan))
    else:
        invocation.output.data(plan.render())
    return ExitCode.DONE


def plan_document(plan: Plan) -> dict[str, object]:
    """A plan as one JSON object."""
    fields: dict[str, object] = {
        "action": plan.action,
        "target": plan.target,
        "previous": plan.previous,
        "steps": [
            {
                "id": planned.id,
                "title": planned.title,
                "stage": planned.stage,
                "cause": planned.cause,
                "deadline": planned.deadline,
                "after": planned.after,
                "step": {"type": type(planned.step).__name__, **asdict(planned.step)},
            }
            for planned in plan.steps
        ],
    }
    return document("plan", fields)
