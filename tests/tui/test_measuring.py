"""What of a rollout is marked below the strip."""

from __future__ import annotations

from console.model.color import Color
from console.model.events import CutoverSeen, Event, PhaseChanged, Record, RolloutFinished, UpstreamRestored
from console.model.phase import Phase
from console.tui.measuring import Measuring
from tests.tui.boards import events


def marks(*heard: Event) -> list[str]:
    measuring = Measuring()
    for number, event in enumerate(heard):
        measuring.hear(Record(rollout=1, sequence=number, at="2026-01-01T00:00:00Z", event=event))
    return [mark.text for mark in measuring._series.view().marks]


def moved(before: Phase, after: Phase) -> Event:
    return PhaseChanged(before=before, after=after)


def seen(color: Color) -> Event:
    return CutoverSeen(color=color, generation=2, served="10.0.0.3:8000")


def test_every_step_has_a_mark() -> None:
    found = marks(*events())
    assert [text for text in found if text.endswith(" begins")] == [
        f"{step} begins" for step in ("start", "ready", "apply", "read back", "drain")
    ]


def test_a_cutover_is_called_so_once_it_is_seen_serving_and_its_way_back_a_rollback() -> None:
    found = marks(
        moved(Phase.PREPARING, Phase.CUTTING_OVER),
        seen(Color.GREEN),
        moved(Phase.CUTTING_OVER, Phase.VERIFYING),
        moved(Phase.VERIFYING, Phase.ROLLING_BACK),
        seen(Color.BLUE),
    )
    assert found == ["apply", "cutover", "rollback", "blue serves"]


def test_a_configuration_that_was_refused_is_no_cutover() -> None:
    found = marks(
        moved(Phase.PREPARING, Phase.CUTTING_OVER),
        moved(Phase.CUTTING_OVER, Phase.RESTORING),
        UpstreamRestored(color=Color.BLUE, generation=1),
        RolloutFinished(outcome="aborted", exit_code=3, active=Color.BLUE, seconds=1.0, message=""),
    )
    assert found == ["apply", "restore", "restored", "end"]
