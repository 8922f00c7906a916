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
        ("p50>0.5s", False),
        ("p99.9>1m", False),
        ("max<=2s", True),
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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dropped",
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
