from __future__ import annotations

import sys
from itertools import pairwise
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.load.schedule import Schedule
from console.model.load import Arrivals

START = 1000.0


def constant(rate: float, duration: float = inf) -> Schedule:
    schedule = Schedule(start=START, rate=rate, arrivals=Arrivals.CONSTANT)
    schedule.end = START + duration
    return schedule


@given(
    rate=st.integers(1, 5000),
    looks=st.lists(st.floats(0, 0.2), min_size=1, max_size=30),
    limit=st.integers(1, 300),
)
def test_arrivals_depend_on_the_clock_alone_not_on_how_often_one_looks(
    rate: int, looks: list[float], limit: int
) -> None:
    schedule, now, taken = constant(rate), START, []
    for gap in looks:
        now += gap
        while batch := schedule.take(now, limit):
            taken += batch
    assert taken == constant(rate).take(now, sys.maxsize)
    assert len(taken) == pytest.approx((now - START) * rate + 1, abs=1.001)


@given(rate=st.integers(1, 20_000), seconds=st.integers(1, 20))
def test_a_run_of_n_seconds_has_exactly_rate_times_n_arrivals(rate: int, seconds: int) -> None:
    schedule = constant(rate, duration=seconds)
    count = 0
    while batch := schedule.take(START + seconds + 1, 50_000):
        count += len(batch)
        if count > 100_000:
            return
    assert count == rate * seconds
    assert schedule.waiting == inf


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0, 3000)), min_size=1, max_size=10))
def test_a_changed_rate_loses_nothing_and_sends_no_burst(changes: list[tuple[float, float]]) -> None:
    schedule, now, taken, expected = constant(100), START, [], 0.0
    rate = 100.0
    for gap, following in changes:
        now += gap
        expected += gap * rate
        schedule.set_rate(following, now)
        taken += schedule.take(now, sys.maxsize)
        rate = following
    assert all(before <= after for before, after in pairwise(taken))
    # A gap that a pause cut short is not made up for: at most one arrival for each change.
    assert len(taken) == pytest.approx(expected, abs=len(changes) + 1.001)


def test_a_rate_of_zero_pauses_and_a_later_one_goes_on() -> None:
    schedule = constant(10)
    schedule.set_rate(0, START + 0.95)
    assert len(schedule.take(START + 50, sys.maxsize)) == 10
    assert schedule.waiting == inf
    schedule.set_rate(10, START + 100)
    assert schedule.take(START + 100.05, sys.maxsize) == []
    assert len(schedule.take(START + 101, sys.maxsize)) == 10


def test_what_is_due_by_a_stop_stays_due() -> None:
    schedule = constant(10)
    schedule.stop(START + 1)
    assert len(schedule.take(START + 5, sys.maxsize)) == 10
    assert schedule.waiting == inf


@given(rate=st.integers(1, 1000), late=st.floats(0, 5), keep=st.floats(0, 5))
def test_skipped_and_taken_arrivals_add_up(rate: int, late: float, keep: float) -> None:
    schedule, now = constant(rate), START + late
    skipped = schedule.skip(now - keep)
    taken = schedule.take(now, sys.maxsize)
    assert all(due >= now - keep for due in taken)
    assert skipped + len(taken) == len(constant(rate).take(now, sys.maxsize))


def test_poisson_arrivals_keep_the_rate_and_spread_as_they_should() -> None:
    schedule = Schedule(start=START, rate=1000, arrivals=Arrivals.POISSON, seed=7)
    taken = schedule.take(START + 50, sys.maxsize)
    gaps = [after - before for before, after in pairwise(taken)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert len(taken) == pytest.approx(50_000, rel=0.03)
    assert variance == pytest.approx(mean**2, rel=0.1)


def test_a_seed_repeats_poisson_arrivals() -> None:
    first, second = (Schedule(start=0, rate=100, arrivals=Arrivals.POISSON, seed=3).take(9, 900) for _ in range(2))
    assert first == second
    assert len(first) > ceil(9 * 100 * 0.8)
