"""What one rollout may count of a generator that sent before it, and sends after it."""

from __future__ import annotations

from console.model.load import (
    Attempt,
    Failure,
    FailureKind,
    Group,
    NotSent,
    PhaseCounts,
    Retry,
    Snapshot,
    Stage,
    Totals,
)
from console.model.load_share import LoadShare
from console.model.load_totals import since

NAMES = Totals.__struct_fields__
BEFORE = Totals(**{name: 1000 + place for place, name in enumerate(NAMES)})
AFTER = Totals(**{name: 1000 + 3 * place for place, name in enumerate(NAMES)})


def failure(phase: str) -> Failure:
    attempt = Attempt(kind=FailureKind.RESET, stage=Stage.FIRST_BYTE, reused=True)
    return Failure(
        at=0.0,
        phase=phase,
        attempt=attempt,
        status=None,
        age=0.0,
        release="v1",
        last_release="v1",
        retry=Retry.RECOVERED,
    )


def told(phases: dict[str, int], *, listed: tuple[str, ...] = (), omitted: int = 0) -> Snapshot:
    """Ten due in each phase, of which so many were dropped, and one was not sent."""
    return Snapshot(
        sequence=1,
        at=0.0,
        elapsed=1.0,
        window=0.1,
        target_rate=100.0,
        totals=AFTER,
        phases=tuple(PhaseCounts(phase=name, due=10, not_sent={NotSent.CAP: 1}) for name in phases),
        groups=tuple(
            Group(phase=name, release="v1", ok=7 - drops, unexpected=1, dropped=drops, recovered=1, slow=2,
                  statuses={200: 7 - drops, 404: 1})
            for name, drops in phases.items()
        ),
        failures=tuple(map(failure, listed)),
        failures_omitted=omitted,
    )  # fmt: skip


def test_the_difference_of_two_totals_is_that_of_every_counter() -> None:
    assert since(BEFORE, AFTER) == Totals(**{name: 2 * place for place, name in enumerate(NAMES)})


def test_what_requests_came_to_is_that_of_its_own_phases_and_every_other_counter_that_of_its_time() -> None:
    share = LoadShare(BEFORE)
    share.phases.update({"planned", "preparing"})
    share.of(told({"": 7, "planned": 1}))
    own = share.of(told({"planned": 0, "preparing": 2, "": 5})).totals
    by_phase = {
        "due": 30,
        "not_sent": 3,
        "in_flight": 3,
        "ok": 18,
        "unexpected": 3,
        "dropped": 3,
        "recovered": 3,
        "responses": 21,
        "slow": 6,
    }
    rest = since(BEFORE, AFTER)
    assert {name: getattr(own, name) for name in NAMES} == {
        name: by_phase.get(name, getattr(rest, name)) for name in NAMES
    }


def test_nothing_of_what_belongs_to_nobody_is_in_it() -> None:
    share = LoadShare(AFTER)
    share.phases.add("planned")
    own = share.of(told({"": 3, "planned": 1}, listed=("", "planned", "")))
    assert [counts.phase for counts in own.phases] == [group.phase for group in own.groups] == ["planned"]
    assert [one.phase for one in own.failures] == ["planned"]
    assert (own.totals.dropped, own.totals.stray, own.totals.opened) == (1, 0, 0)


def test_of_the_failures_that_were_not_listed_it_has_no_more_than_it_has_drops() -> None:
    share = LoadShare(AFTER)
    share.phases.add("planned")
    found = [
        share.of(told({"": 6, "planned": 0}, listed=("",) * 2, omitted=4)),
        share.of(told({"": 2, "planned": 3}, listed=("planned", "", ""), omitted=2)),
        share.of(told({"planned": 5}, listed=("planned",) * 2, omitted=3)),
    ]
    assert [one.failures_omitted for one in found] == [0, 2, 3]
