"""The table of phases: what it lists happens, everything else is an error and changes nothing."""

from __future__ import annotations

import itertools

import pytest

from console.model.phase import FINAL, TABLE, IllegalTransitionError, Phase, Trigger, advance

LEGAL = [(phase, trigger, after) for phase, row in TABLE.items() for trigger, after in row.items()]
ILLEGAL = [pair for pair in itertools.product(Phase, Trigger) if pair[1] not in TABLE.get(pair[0], {})]

MOVED = {Phase.VERIFYING, Phase.DRAINING, Phase.ROLLING_BACK, Phase.DONE, Phase.ROLLED_BACK}


def reachable(start: Phase) -> set[Phase]:
    found, waiting = {start}, [start]
    while waiting:
        following = set(TABLE.get(waiting.pop(), {}).values()) - found
        found |= following
        waiting.extend(following)
    return found


@pytest.mark.parametrize(("phase", "trigger", "after"), LEGAL)
def test_a_listed_transition_leads_where_the_table_says(phase: Phase, trigger: Trigger, after: Phase) -> None:
    assert advance(phase, trigger) is after


@pytest.mark.parametrize(("phase", "trigger"), ILLEGAL)
def test_an_unlisted_transition_is_an_error_that_names_both_and_changes_nothing(phase: Phase, trigger: Trigger) -> None:
    before = {name: dict(row) for name, row in TABLE.items()}
    with pytest.raises(IllegalTransitionError) as raised:
        advance(phase, trigger)
    assert repr(phase.value) in str(raised.value)
    assert repr(trigger.value) in str(raised.value)
    assert {name: dict(row) for name, row in TABLE.items()} == before


def test_every_phase_is_reachable() -> None:
    assert reachable(Phase.PLANNED) == set(Phase)


@pytest.mark.parametrize("phase", sorted(FINAL))
def test_a_final_phase_has_no_way_out(phase: Phase) -> None:
    assert phase not in TABLE
    assert phase.final


@pytest.mark.parametrize("phase", sorted(set(Phase) - FINAL))
def test_every_other_phase_leads_to_an_end_and_can_get_stuck_once_something_was_begun(phase: Phase) -> None:
    assert not phase.final
    assert reachable(phase) & FINAL
    assert phase is Phase.PLANNED or TABLE[phase][Trigger.STUCK] is Phase.NEEDS_HUMAN


def test_traffic_is_never_called_moved_before_it_was_seen_serving() -> None:
    entries = {(phase, trigger) for phase, trigger, after in LEGAL if after is Phase.VERIFYING}
    assert entries == {(Phase.CUTTING_OVER, Trigger.SEEN_SERVING)}
    assert {trigger for _, trigger, after in LEGAL if after is Phase.ROLLED_BACK} == {Trigger.SEEN_SERVING}


def test_what_failed_before_the_cutover_can_end_as_aborted_only_by_way_of_the_clean_up() -> None:
    assert {phase for phase, _, after in LEGAL if after is Phase.ABORTED} == {Phase.CLEANING_UP}
    assert reachable(Phase.CLEANING_UP).isdisjoint(MOVED)
    assert reachable(Phase.RESTORING).isdisjoint(MOVED)


def test_every_trigger_is_used() -> None:
    assert {trigger for _, trigger, _ in LEGAL} == set(Trigger)
