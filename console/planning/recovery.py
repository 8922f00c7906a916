"""Recovery: the ways on after a rollout that was cut off."""

from __future__ import annotations

from console.model.color import Color
from console.model.plan import Action, Plan
from console.planning import _blocks
from console.planning.situation import Situation


def finish(situation: Situation, color: Color) -> Plan:
    """Carry a rollout on whose color serves already: prove it, record it, drain the other, or go back to that."""
    spec = situation.spec
    steps = _blocks.chained(
        _blocks.preflight(),
        _blocks.verify(color, spec),
        _blocks.cut_over(situation.upstream(color)),
        _blocks.prove(color, spec),
        *(
            (
                _blocks.drain(color.other, spec, cause=f"{color.other.value} may still serve requests"),
                _blocks.keep_warm(color.other, spec),
            )
            if situation.observed.running(color.other)
            else ()
        ),
    )
    return Plan(action=Action.RECOVER, target=color, previous=color, rollback_to=color.other, steps=steps)


def adopt(situation: Situation, color: Color) -> Plan:
    """Take what is live for the truth: file and record follow the color that serves; no traffic moves."""
    cause = f"{color.value} serves already; file and record follow it"
    steps = _blocks.chained(_blocks.preflight(), _blocks.cut_over(situation.upstream(color), cause=cause))
    return Plan(action=Action.RECOVER, target=color, previous=color, steps=steps)
