"""Drain and retire: what can be done with the color that is not in the upstream."""

from __future__ import annotations

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.plan import Action, Plan
from console.model.request import Request
from console.planning import _blocks
from console.planning.situation import Situation


def drain(situation: Situation, request: Request) -> Plan:
    """Wait until a color that is out of the upstream serves nothing any more.

    Raises:
        RefusedError: the color is the only one that serves, or does not run.
    """
    observed = situation.observed
    color = request.color or observed.idle
    if color is observed.active:
        raise RefusedError(
            f"drain {color.value}",
            f"{color.value} is the only color that serves",
            now=f"{color.value} serves, nothing was changed",
            next_command="rollout cutover" if observed.running(color.other) else "rollout deploy",
        )
    _must_run(situation, color, "drain")
    steps = _blocks.chained(
        _blocks.preflight(), _blocks.drain(color, situation.spec, cause=f"{color.value} is out of the upstream")
    )
    return Plan(action=Action.DRAIN, target=color, previous=observed.active, steps=steps)


def retire(situation: Situation) -> Plan:
    """Stop the warm standby, once it serves nothing any more.

    Raises:
        RefusedError: there is no warm standby.
    """
    observed = situation.observed
    color = observed.idle
    _must_run(situation, color, "retire")
    steps = _blocks.chained(
        _blocks.preflight(),
        _blocks.drain(color, situation.spec, cause="no replica is stopped while it serves"),
        _blocks.stop(color, situation.spec, cause="the standby is given up; its containers stay for a rollback"),
    )
    return Plan(action=Action.RETIRE, target=color, previous=observed.active, steps=steps)


def _must_run(situation: Situation, color: Color, verb: str) -> None:
    if not situation.observed.running(color):
        raise RefusedError(
            f"{verb} {color.value}",
            f"{color.value} has no running replica",
            now=f"{situation.observed.active.value} serves, nothing was changed",
            next_command="rollout status",
        )
