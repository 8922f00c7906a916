from __future__ import annotations

from console.load.tally import Tally
from console.model.load import OTHER, PROXY, UNKNOWN, Attempt, FailureKind, NotSent, Stage
from console.model.load_totals import merged

STATUS = Attempt(kind=FailureKind.STATUS, stage=Stage.RESPONSE, reused=True)


def a_tally() -> Tally:
    return Tally("first", expect=frozenset({404}), objective=0.5)


def answer(tally: Tally, status: int, origin: tuple[str, str] = ("v1", "blue"), latency: float = 0.1) -> None:
    group = tally.phase.group(origin)
    group.wanted[status] = group.wanted.get(status, 0) + 1
    group.add_latency(latency)
    group.add_service(latency / 2)


def test_folding_between_two_cuts_changes_nothing() -> None:
    folded, plain = a_tally(), a_tally()
    for tally in (folded, plain):
        for number in range(100):
            tally.fell_due()
            tally.add_lag(number / 1e5)
            answer(tally, 200 + 2 * (number % 2 == 0), latency=number / 100)
            if tally is folded and number % 7 == 0:
                tally.fold()
    assert folded.cut(0) == plain.cut(0)


def test_a_cut_holds_what_came_since_the_last_one_and_totals_hold_everything() -> None:
    tally = a_tally()
    tally.fell_due(3)
    answer(tally, 200)
    answer(tally, 404)
    answer(tally, 403)
    first = tally.cut(0)
    tally.fell_due(2)
    tally.gave_up(tally.phase, NotSent.CAP)
    answer(tally, 200, latency=0.6)
    second = tally.cut(0)
    assert (first.groups[0].ok, first.groups[0].unexpected) == (2, 1)
    assert (second.groups[0].ok, second.groups[0].slow) == (1, 1)
    assert (second.totals.due, second.totals.ok, second.totals.unexpected, second.totals.not_sent) == (5, 3, 1, 1)
    assert tally.cut(0).groups == ()


def test_a_5xx_without_a_name_is_unknown_until_any_answer_has_named_its_release() -> None:
    tally = a_tally()
    assert tally.failed(tally.phase, STATUS, (UNKNOWN, ""), 502) == (UNKNOWN, "")
    answer(tally, 200)
    assert tally.failed(tally.phase, STATUS, (UNKNOWN, ""), 502) == (PROXY, "")
    tally.enter("second")
    assert tally.failed(tally.phase, STATUS, (UNKNOWN, ""), 502) == (PROXY, "")
    assert tally.failed(tally.phase, STATUS, ("v2", "green"), 500) == ("v2", "green")


def test_a_status_that_http_does_not_have_was_made_by_nobody_known() -> None:
    tally = a_tally()
    answer(tally, 200)
    assert tally.is_drop(600)
    assert tally.failed(tally.phase, STATUS, (UNKNOWN, ""), 600) == (UNKNOWN, "")
    assert tally.failed(tally.phase, STATUS, (UNKNOWN, ""), 599) == (PROXY, "")


def test_phases_and_releases_beyond_a_bound_are_counted_together_and_none_is_lost() -> None:
    tally = a_tally()
    for number in range(500):
        tally.enter(f"phase {number % 100}")
        tally.fell_due()
        answer(tally, 200, (f"release {number}", "blue"))
    delta = tally.cut(0)
    assert len(delta.phases) <= 65
    assert OTHER in {phase.phase for phase in delta.phases}
    assert sum(phase.due for phase in delta.phases) == merged(delta.groups).ok == delta.totals.ok == 500
    assert max(sum(group.phase == phase.phase for group in delta.groups) for phase in delta.phases) <= 33


def test_a_listed_status_is_no_drop_and_every_other_5xx_is() -> None:
    tally = Tally("", expect=frozenset({503}), objective=1.0)
    assert [tally.is_drop(status) for status in (200, 404, 500, 503, 599)] == [False, False, True, False, True]
