"""Up: the active color and the proxy, brought up and proven, with state, file and proxy in agreement."""

from __future__ import annotations

from console.model.plan import Action, Plan, PlannedStep, Stage
from console.model.steps import BringUp
from console.planning import _blocks
from console.planning.situation import Situation


def up(situation: Situation) -> Plan:
    """Bring up what should serve. The upstream is written only when state, file and live proxy don't agree yet."""
    spec, observed = situation.spec, situation.observed
    color = observed.active
    configured = observed.upstream.configured
    settled = (
        observed.recorded is color and configured is not None and configured.color is color and observed.served is color
    )
    bring_up = PlannedStep(
        id="bring-up",
        step=BringUp(color=color),
        title=f"bring {color.value} and the proxy up",
        stage=Stage.PREPARE,
        cause="what runs already is not recreated",
        deadline=spec.start.deadline,
    )
    steps = _blocks.chained(
        (bring_up,),
        _blocks.verify(color, spec),
        () if settled else _blocks.cut_over(situation.upstream(color)),
    )
    return Plan(action=Action.UP, target=color, previous=color, steps=steps)
