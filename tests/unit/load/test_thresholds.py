from __future__ import annotations

import pytest

from console.load.thresholds import ThresholdError, parse_threshold
from console.model.histogram import Histogram
from console.model.load import Arrivals, EndReason, Group, Summary, Totals


def a_run(*, due: int = 1000, ok: int = 990, dropped: int = 10, recovered: int = 4, not_sent: int = 0) -> Summary:
    latency, lag = Histogram(), Histogram()
    latency.record_all([number / 1000 for number in range(1, ok + 1)])
    lag.record_all([0.0001] * due)
    return Summary(
        url="http://127.0.0.1/",
        method="GET",
        address="127.0.0.1:80",
        arrivals=Arrivals.CONSTANT,
        reason=EndReason.DURATION,
        started_at=0,
        elapsed=10.0,
        target_rate=100,
        totals=Totals(due=due, ok=ok, dropped=dropped, recovered=recovered, not_sent=not_sent),
        phases=(),
        groups=(Group(phase="", release="v1", ok=ok, dropped=dropped, latency=latency),),
        failures=(),
        failures_omitted=0,
        lag=lag,
        cpu_seconds=0.1,
        snapshots=100,
    )


@pytest.mark.parametrize(
    ("text", "crossed"),
    [
        ("dropped>0", True),
        ("dropped>10", False),
        ("dropped>=10", True),
        ("dropped>1%", False),
        ("dropped > 0.9%", True),
        ("browser_dropped>6", False),
        ("browser_dropped>5", True),
        ("not_sent>0", False),
        ("rate<100", False),
        ("rate<100.5", True),
        ("p50>490ms", True),
        ("p50>0.51s", False),
        ("p98.9>1s", False),
        ("p99.9>1m", True),
        ("max<=2s", False),
        ("mean>1us", True),
        ("lag.p99>1ms", False),
        ("latency.p99>50ms", True),
        ("service.p99>1ms", True),
    ],
)
def test_a_threshold_is_crossed_when_its_condition_holds(text: str, crossed: bool) -> None:  # noqa: FBT001 - expected
    assert parse_threshold(text).crossed(a_run()) is crossed


def test_a_share_of_nothing_proves_nothing_and_fails() -> None:
    assert parse_threshold("dropped>50%").crossed(a_run(due=0, ok=0, dropped=0))


@pytest.mark.parametrize("text", ["dropped>0", "rate<1", "p99>1s", "not_sent>0"])
def test_a_run_that_sent_nothing_fails_by_whatever_was_asked(text: str) -> None:
    assert parse_threshold(text).crossed(a_run(due=0, ok=0, dropped=0))
    assert parse_threshold(text).crossed(a_run(due=5, ok=0, dropped=0, not_sent=5))


@pytest.mark.parametrize(
    ("text", "crossed"),
    [
        ("p49>1s", False),
        ("p50>1s", False),
        ("p50.1>100ms", True),
        ("p99>1m", True),
        ("max>60m", True),
        ("mean>60m", True),
        ("service.p99>1m", True),
        ("lag.p99>1ms", False),
    ],
)
def test_a_dropped_request_took_longer_than_any_limit(text: str, crossed: bool) -> None:  # noqa: FBT001 - expected
    assert parse_threshold(text).crossed(a_run(ok=500, dropped=500)) is crossed


def test_without_drops_a_time_is_that_of_the_answers() -> None:
    whole = a_run(ok=1000, dropped=0)
    assert parse_threshold("p99>1s").value(whole) == whole.groups[0].latency.quantile(0.99)
    assert not parse_threshold("max>2s").crossed(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dropped=0",
        "dropt>0",
        "p99>50",
        "p99>50kb",
        "dropped>5ms",
        "rate<5%",
        "p100.5>1ms",
        "lag.rate>1s",
        ">1",
    ],
)
def test_a_threshold_that_means_nothing_is_refused_with_what_is_wrong(text: str) -> None:
    with pytest.raises(ThresholdError, match=r"threshold|unit|there is no"):
        parse_threshold(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dropped>200%", "no run could fail"),
        ("dropped>100%", "no run could fail"),
        ("dropped>=101%", "no run could fail"),
        ("slow<0%", "no run could fail"),
        ("ok<=100%", "every run would fail"),
        ("ok<100.1%", "every run would fail"),
        ("ok>=0%", "every run would fail"),
        ("sent<100%", "no run could fail"),
        ("sent>=100%", "every run would fail"),
        ("due<100%", "no run could fail"),
        ("dropped<0", "no run could fail"),
        ("dropped>=0", "every run would fail"),
        ("p99<0s", "no run could fail"),
        ("p99>=0s", "every run would fail"),
        ("rate>=0", "every run would fail"),
        ("p99>" + "9" * 400 + "s", "no run could fail"),
    ],
)
def test_a_threshold_that_no_run_or_every_run_would_fail_by_is_refused(text: str, why: str) -> None:
    with pytest.raises(ThresholdError, match=why):
        parse_threshold(text)


@pytest.mark.parametrize(
    "text", ["dropped>=100%", "ok<100%", "not_sent>200%", "due>100%", "dropped<=0", "recycled>100%"]
)
def test_a_threshold_at_the_edge_of_what_can_be_is_taken(text: str) -> None:
    assert parse_threshold(text).text == text


@pytest.mark.parametrize(
    ("text", "example"),
    [("dropped", "dropped>0"), (" p99 ", "p99>50ms"), ("lag.max", "lag.max>50ms"), ("rate", "rate<")],
)
def test_a_bare_name_is_told_to_be_quoted_since_a_shell_took_the_rest(text: str, example: str) -> None:
    with pytest.raises(ThresholdError, match=f"quote it: --fail-on '{example}"):
        parse_threshold(text)
