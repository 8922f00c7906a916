"""The rolling series of a load: what is counted where, what is no data, and that it stays small."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.color import Color
from console.model.histogram import Histogram
from console.model.load import (
    NO_ANSWER,
    OTHER,
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
from console.observe.bucket import BUCKET, Bucket
from console.observe.requests import KEPT, KEPT_FAILURES, KEPT_MARKS, RELEASES, RequestSeries

T = 1_800_000_000.0


def group(  # noqa: PLR0913 - the fields of a group, by name
    release: str = "v1",
    color: str = "blue",
    *,
    ok: int = 0,
    dropped: int = 0,
    slow: int = 0,
    seconds: float = 0.01,
) -> Group:
    latency = Histogram()
    latency.record_all([seconds] * ok)
    return Group(
        phase="",
        release=release,
        color=color,
        ok=ok,
        dropped=dropped,
        slow=slow,
        statuses={200: ok} if ok else {},
        latency=latency,
    )


def snapshot(at: float, *groups: Group, window: float = 0.1, not_sent: int = 0, failures: int = 0) -> Snapshot:
    failure = Failure(
        at=at,
        phase="",
        attempt=Attempt(kind=FailureKind.RESET, stage=Stage.SEND, reused=True),
        status=None,
        age=0.001,
        release=NO_ANSWER,
        last_release="v1",
        retry=Retry.NOT_ALLOWED,
    )
    done = sum(one.ok + one.dropped for one in groups)
    return Snapshot(
        sequence=1,
        at=at,
        elapsed=1.0,
        window=window,
        target_rate=100.0,
        totals=Totals(due=done + not_sent, ok=done),
        phases=(PhaseCounts(phase="", due=done + not_sent, not_sent={NotSent.CAP: not_sent} if not_sent else {}),),
        groups=groups,
        failures=(failure,) * failures,
    )


def counted(series: RequestSeries) -> list[tuple[int, int]]:
    return [(bucket.ok, bucket.dropped) for bucket in series.buckets()]


def test_without_a_report_there_is_nothing_and_not_a_hundred_percent() -> None:
    view = RequestSeries().view(now=T)
    assert view.buckets == ()
    assert (view.totals, view.rate, view.recent.p99, view.share_of(Color.BLUE)) == (None, None, None, None)


def test_reports_of_one_quarter_of_a_second_are_one_bucket() -> None:
    series = RequestSeries()
    for step, dropped in ((0.05, 0), (0.15, 1), (0.24, 0), (0.26, 0)):
        series.add(snapshot(T + step, group(ok=10, dropped=dropped)))
    assert counted(series) == [(30, 1), (10, 0)]
    assert [bucket.at for bucket in series.buckets()] == [T, T + BUCKET]
    assert series.buckets()[0].success == pytest.approx(30 / 31)


def test_a_bucket_without_an_outcome_is_no_data() -> None:
    series = RequestSeries()
    series.add(snapshot(T, not_sent=7))
    (bucket,) = series.buckets()
    assert not bucket.measured
    assert (bucket.success, bucket.p99, bucket.not_sent, bucket.share_of("blue")) == (None, None, 7, None)


def test_a_bucket_in_which_everything_was_dropped_is_none_of_success() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group(NO_ANSWER, "", dropped=5)))
    (bucket,) = series.buckets()
    assert (bucket.success, bucket.p99, bucket.shares) == (0.0, None, ())


def test_a_generator_that_stalls_leaves_buckets_without_data() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group(ok=1)))
    buckets = series.view(now=T + 1.0, problem="the generator gave no report for 0.9 s").buckets
    assert [bucket.measured for bucket in buckets] == [True, False, False, False, False]
    assert not any(bucket.later for bucket in buckets)


def test_one_report_over_a_second_is_counted_at_its_end_and_leaves_no_gap_that_looks_like_an_outage() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group(ok=1)))
    series.add(snapshot(T + 1.0, group(ok=100), window=1.0))
    buckets = series.buckets()
    assert [(bucket.ok, bucket.later) for bucket in buckets] == [
        (1, False),
        (0, True),
        (0, True),
        (0, True),
        (100, False),
    ]


def test_latency_and_slow_answers_are_those_of_the_bucket() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group(ok=98, seconds=0.010), group(ok=2, slow=2, seconds=2.0)))
    series.add(snapshot(T + 0.3, group(ok=10, seconds=0.020)))
    first, second = series.buckets()
    assert first.p50 == pytest.approx(0.010, rel=0.01)
    assert first.p99 == first.maximum == pytest.approx(2.0, rel=0.01)
    assert (first.slow, second.slow) == (2, 0)
    assert second.p99 == pytest.approx(0.020, rel=0.01)
    assert series.view().recent.p50 == pytest.approx(0.010, rel=0.01)
    assert series.view().recent.maximum == pytest.approx(2.0, rel=0.01)


def test_the_share_of_each_color_and_release_is_of_the_answers() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group("v1", "blue", ok=30), group("v2", "green", ok=70), group(NO_ANSWER, "", dropped=9)))
    (bucket,) = series.buckets()
    assert [(share.release, share.color, share.count) for share in bucket.shares] == [
        ("v2", "green", 70),
        ("v1", "blue", 30),
    ]
    assert bucket.share_of(Color.GREEN) == 0.7
    view = series.view()
    assert (view.share_of(Color.BLUE), view.share_of("nobody")) == (0.3, 0.0)


def test_where_no_answer_tells_its_color_no_share_is_claimed() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group("", "", ok=50)))
    view = series.view()
    assert (view.share_of(Color.GREEN), view.share_of(Color.BLUE), view.untold) == (None, None, True)
    series.add(snapshot(T + 0.25, group("", "green", ok=50)))
    view = series.view()
    assert (view.share_of(Color.GREEN), view.untold) == (0.5, False)
    assert not RequestSeries().view().untold


def test_the_share_beside_the_strip_is_that_of_the_last_seconds() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group("v1", "blue", ok=1000)))
    series.add(snapshot(T + 5, group("v2", "green", ok=1)))
    assert series.view().share_of(Color.GREEN) == 1.0


def test_marks_stand_at_their_bucket_whether_data_came_before_or_after() -> None:
    series = RequestSeries()
    series.mark("early", at=T + 0.3)
    series.add(snapshot(T, group(ok=1)))
    assert series.buckets()[0].marks == ()
    series.mark("start", at=T + 0.1)
    assert series.buckets()[0].marks == ("start",)
    series.add(snapshot(T + 0.6, group(ok=1)))
    assert [bucket.marks for bucket in series.buckets()] == [("start",), ("early",), ()]
    assert [mark.text for mark in series.view().marks] == ["early", "start"]


def test_what_is_read_again_is_what_was_added_meanwhile() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group(ok=1)))
    before = series.buckets()
    series.add(snapshot(T + 0.1, group(ok=2)))
    assert (before[0].ok, series.buckets()[0].ok) == (1, 3)


def test_only_so_many_buckets_are_asked_for() -> None:
    series = RequestSeries()
    for step in range(20):
        series.add(snapshot(T + step * BUCKET, group(ok=step)))
    assert [bucket.ok for bucket in series.buckets(3)] == [17, 18, 19]
    assert [bucket.ok for bucket in series.view(2, now=T + 20 * BUCKET).buckets] == [19, 0]
    assert len(series.buckets()) == 20


def test_memory_is_bounded_however_long_it_runs_and_however_many_releases_answer() -> None:
    series = RequestSeries()
    for step in range(KEPT + 40):
        many = [group(f"v{step}-{n}", "blue", ok=1) for n in range(30)]
        series.add(snapshot(T + step * BUCKET, *many, failures=3))
        series.mark(f"step {step}", at=T + step * BUCKET)
    view = series.view()
    assert len(view.buckets) == len(series._sums) == KEPT
    assert len(view.marks) == KEPT_MARKS
    assert len(view.failures) == KEPT_FAILURES
    last = view.buckets[-1]
    assert len(last.shares) == RELEASES + 1
    assert last.shares[0].release == OTHER
    assert sum(share.count for share in last.shares) == 30


def test_a_report_over_a_very_long_time_costs_no_more_than_what_is_kept() -> None:
    series = RequestSeries()
    series.add(snapshot(T, group(ok=1), window=1e6))
    assert len(series._sums) == KEPT


def test_a_wall_clock_that_was_set_back_does_not_stop_the_series() -> None:
    series = RequestSeries()
    series.add(snapshot(T + 86_400, group(ok=1)))
    series.add(snapshot(T, group(ok=2)))
    series.add(snapshot(T + 0.3, group(ok=3)))
    assert [bucket.ok for bucket in series.buckets()] == [2, 3]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(min_value=0.0, max_value=60.0), st.integers(0, 50), st.integers(0, 5), st.floats(0.01, 2.0)
        ),
        max_size=60,
    )
)
def test_every_request_is_in_exactly_one_bucket(reports: list[tuple[float, int, int, float]]) -> None:
    series = RequestSeries()
    for at, ok, dropped, window in reports:
        series.add(snapshot(T + at, group(ok=ok, dropped=dropped), window=window))
    buckets = series.buckets()
    assert sum(bucket.ok for bucket in buckets) == sum(ok for _, ok, _, _ in reports)
    assert sum(bucket.dropped for bucket in buckets) == sum(dropped for _, _, dropped, _ in reports)
    assert [bucket.at for bucket in buckets] == sorted({bucket.at for bucket in buckets})
    assert all(isinstance(bucket, Bucket) and (bucket.success is None) == (bucket.done == 0) for bucket in buckets)
