"""From a request to its plan: (situation, request) -> plan. Pure."""

from __future__ import annotations

from typing import assert_never

from console.model.errors import RefusedError
from console.model.plan import Action, Plan
from console.model.request import Request
from console.planning import blue_green, rollback, standby, up
from console.planning.situation import Situation


def plan_for(situation: Situation, request: Request) -> Plan:
    """The plan that fulfils a request.

    Raises:
        RefusedError: the request makes no sense in this situation.
    """
    match request.action:
        case Action.DEPLOY:
            return blue_green.deploy(situation, request)
        case Action.CUTOVER:
            return blue_green.cutover(situation)
        case Action.ROLLBACK:
            return rollback.rollback(situation, request)
        case Action.DRAIN:
            return standby.drain(situation, request)
        case Action.RETIRE:
            return standby.retire(situation)
        case Action.UP:
            return up.up(situation)
        case Action.RECOVER:
            raise RefusedError(
                "plan a recovery", "it needs a choice", now="nothing was changed", next_command="rollout recover"
            )
        case _:
            assert_never(request.action)
