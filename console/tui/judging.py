"""From what the engine's side tells to what the board says of it. Pure; loaded once there is something to judge."""

from __future__ import annotations

from collections.abc import Iterable

from console.cli.report import Seen, StatusReport, report
from console.model.request import Verdict
from console.observe.fold import follow
from console.observe.rollout import RolloutView
from console.observe.view import Source, StackView
from console.tui.bridge import Heard
from console.tui.facts import StackFacts
from console.tui.sample import Sample
from console.tui.steady import steady_usage
from console.tui.telling import Told, tell

__all__ = ["NOTHING", "heard", "judged", "steady_usage"]

KEPT = 500
"""Events that can be scrolled back to; the journal has them all."""
NOTHING = Verdict(rollout=0, action="", user="", since="", last_step="", story="", consistent=True, choices=())
"""Every rollout has ended."""


def judged(sample: Sample, facts: StackFacts | None) -> StatusReport | None:
    """What the stack's state means; None until everything was looked at once."""
    view = sample.view
    if view is None or facts is None or not _looked(view):
        return None
    seen = Seen(
        project=facts.project,
        observed=view.observed,
        newest=(),
        history=view.history,
        lock=view.lock,
        verdict=sample.verdict or NOTHING,
    )
    return report(seen)


def heard(
    events: Iterable[Heard], own: RolloutView | None, told: tuple[Told, ...]
) -> tuple[RolloutView | None, tuple[Told, ...]]:
    """This session's newest rollout and the lines of the log, after more events."""
    lines = list(told)
    for event in events:
        if event.own:
            own = follow(own, event.record)
        line = tell(event.record)
        if line is not None:
            lines.append(line)
    return own, tuple(lines[-KEPT:])


def _looked(view: StackView) -> bool:
    """Whether everything was looked at once, seen or not: before, absence means nothing and must not alarm anybody."""
    needed = (sight for source, sight in view.sights.items() if source is not Source.STATS)
    return all(sight.ever or sight.problem for sight in needed)
