from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.histogram import BUCKETS, MAX_SECONDS, Histogram, bucket_of, bucket_of_units, middle_of

durations = st.floats(min_value=2e-5, max_value=MAX_SECONDS * 0.99)
runs = st.lists(st.floats(min_value=0, max_value=4000), max_size=200)


def histogram_of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(durations)
def test_the_middle_of_a_bucket_is_within_0_8_percent_of_every_value_in_it(seconds: float) -> None:
    assert middle_of(bucket_of(seconds)) == pytest.approx(seconds, rel=0.008)


@given(st.lists(durations, min_size=1, max_size=300), st.sampled_from([0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0]))
def test_quantiles_are_within_one_percent_of_those_of_the_sorted_values(values: list[float], share: float) -> None:
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert histogram_of(values).quantile(share) == pytest.approx(exact, rel=0.01)


@given(runs)
def test_counting_many_at_once_is_the_same_as_counting_each(values: list[float]) -> None:
    together = Histogram()
    together.record_all(values)
    assert together == histogram_of(values)


@given(runs, st.integers(1, 40))
def test_counting_very_many_at_once_is_the_same_too(values: list[float], times: int) -> None:
    together = Histogram()
    together.record_all(values * times)
    assert together == histogram_of(values * times)


@given(runs, st.sampled_from([1e-5, 1e-4]))
def test_rounding_before_counting_moves_a_value_by_half_the_grain_at_most(values: list[float], grain: float) -> None:
    rounded = Histogram()
    rounded.record_rounded(values, grain)
    assert rounded.total == len(values)
    if values and max(values) < MAX_SECONDS:
        for told, value in ((rounded.maximum, max(values)), (rounded.minimum, min(values))):
            assert told == pytest.approx(value, abs=grain * 0.51 + (value + grain) * 0.008)  # rounded, then in a bucket


@given(runs, runs, runs)
def test_merging_is_exact_in_any_grouping(first: list[float], second: list[float], third: list[float]) -> None:
    left = histogram_of(first)
    left.merge(histogram_of(second))
    left.merge(histogram_of(third))
    tail = histogram_of(third)
    tail.merge(histogram_of(second))
    right = histogram_of(first)
    right.merge(tail)
    assert left == right == histogram_of(first + second + third)


@given(runs)
def test_packing_and_unpacking_give_the_same_histogram(values: list[float]) -> None:
    histogram = histogram_of(values)
    assert Histogram.unpacked(histogram.packed()) == histogram


@given(st.floats(allow_nan=False, min_value=-10, max_value=1e9))
def test_no_duration_needs_more_than_the_bounded_number_of_buckets(seconds: float) -> None:
    assert 0 <= bucket_of(seconds) < BUCKETS


def test_buckets_follow_each_other_without_a_gap() -> None:
    buckets = [bucket_of_units(units) for units in range(200_000)]
    assert all(after - before in {0, 1} for before, after in pairwise(buckets))


def test_an_empty_histogram_has_no_figures() -> None:
    empty = Histogram()
    assert (empty.quantile(0.5), empty.mean, empty.maximum, empty.minimum, empty.total) == (None, None, None, None, 0)


@pytest.mark.parametrize("flat", [[1], [1, 0], [1, 2, 1, 3], [-1, 1], [BUCKETS, 1]])
def test_numbers_that_are_no_histogram_are_refused(flat: list[int]) -> None:
    with pytest.raises(ValueError, match="packed histogram"):
        Histogram.unpacked(flat)


@pytest.mark.parametrize("flat", [[5, 1, 3, 1], [3, 1, 3, 1], [-1, 1], [3, 0], [3], [10**9, 1]])
def test_numbers_that_no_histogram_packs_into_are_refused_at_once(flat: list[int]) -> None:
    with pytest.raises(ValueError, match="packed histogram"):
        Histogram.unpacked(flat)


def test_a_histogram_from_the_wire_adds_up_and_changes_like_any_other() -> None:
    first, second, both = Histogram.unpacked([3, 1, 9, 2]), Histogram.unpacked([9, 1]), Histogram()
    both.merge(first)
    both.merge(second)
    assert both.counts == {3: 1, 9: 3}
    assert (first.packed(), first.total) == ([3, 1, 9, 2], 3)
    first.merge(second)
    assert first == both
    assert first.packed() == [3, 1, 9, 3]
