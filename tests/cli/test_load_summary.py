"""The end of a run of `rollout load`, as it is told to people."""

from __future__ import annotations

import time

import pytest
from msgspec import structs

from console.cli.render.load import failure_text, summary_text
from console.cli.render.style import Style
from console.cli.terminal import Terminal
from console.load.thresholds import parse_threshold
from console.model.histogram import Histogram
from console.model.load import (
    Arrivals,
    Attempt,
    EndReason,
    Failure,
    FailureKind,
    Group,
    LoadConfig,
    NotSent,
    PhaseCounts,
    Retry,
    Stage,
    Summary,
    Totals,
)

RELEASE = "2026.11.21-a-branch-with-a-long-name-0123456789abcdef"
ATTEMPT = Attempt(kind=FailureKind.TRUNCATED, stage=Stage.RESPONSE, reused=True)
CONFIG = LoadConfig(url="http://127.0.0.1:8080/", rate=1000.0, duration=1000.0)


def times() -> Histogram:
    histogram = Histogram()
    histogram.record_all([0.0009, 0.012, 1.003])
    return histogram


def a_group(release: str, phase: str = "") -> Group:
    return Group(
        phase=phase,
        release=release,
        color="green",
        ok=499_000,
        dropped=500,
        statuses={200: 499_000, 503: 500},
        attempts=((ATTEMPT, 500),),
        latency=times(),
        service=times(),
    )


def a_summary(*groups: Group) -> Summary:
    failure = Failure(
        at=time.time(),
        phase="",
        attempt=ATTEMPT,
        status=None,
        age=0.004,
        release=RELEASE,
        last_release=RELEASE,
        retry=Retry.NOT_ALLOWED,
        detail="closed within the answer",
    )
    return Summary(
        url=CONFIG.url,
        method="GET",
        address="127.0.0.1:8080",
        arrivals=Arrivals.CONSTANT,
        reason=EndReason.DURATION,
        started_at=time.time(),
        elapsed=1000.0,
        target_rate=1000.0,
        totals=Totals(due=1_000_000, not_sent=1000, ok=998_000, dropped=1000, stale=12_345, slow=12_345),
        phases=(PhaseCounts(phase="", due=1_000_000, not_sent={NotSent.LAG: 1000}),),
        groups=groups,
        failures=(failure,),
        failures_omitted=999,
        lag=times(),
        cpu_seconds=100.0,
        snapshots=10_000,
    )


def told(width: int, *groups: Group) -> list[str]:
    style = Style(Terminal(width=width))
    limits = [parse_threshold("dropped>0"), parse_threshold("p99>50ms")]
    return summary_text(a_summary(*groups), CONFIG, limits, style).splitlines()


@pytest.mark.parametrize(
    ("width", "phases"),
    [*((width, ("", "")) for width in (40, 60, 80, 200)), (60, ("preparing", "cutting over"))],
)
def test_no_line_of_it_is_longer_than_the_terminal(width: int, phases: tuple[str, str]) -> None:
    lines = told(width, a_group(RELEASE, phases[0]), a_group("v2", phases[1]))
    assert [line for line in lines if len(line) > width] == []


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        (Stage.CONNECT, "0.43 ms in the connect"),
        (Stage.HANDSHAKE, "0.43 ms after the connect began"),
        (Stage.FIRST_BYTE, "0.43 ms after sending"),
        (Stage.IDLE, "0.43 ms after the last request"),
    ],
)
def test_a_failure_says_how_long_after_what_it_came(stage: Stage, told: str) -> None:
    failure = Failure(
        at=0.0,
        phase="",
        attempt=Attempt(kind=FailureKind.RESET, stage=stage, reused=True),
        status=None,
        age=0.00043,
        release="",
        last_release="",
        retry=Retry.NOT_ALLOWED,
    )
    assert f"reset at {stage.value}, {told}, reused" in failure_text(failure)


def test_with_room_nothing_is_left_out() -> None:
    lines = told(200, a_group(RELEASE), a_group("v2"))
    heads = [line.split() for line in lines if line.startswith("ms ")]
    assert heads == [["ms", "p50", "p90", "p95", "p99", "p99.9", "max"]]
    assert any(line.startswith(RELEASE) for line in lines)
    assert any(line.endswith("(a browser's one retry would leave 1,000)") for line in lines)


def test_with_little_room_the_middle_the_tail_and_the_worst_are_told() -> None:
    lines = told(40, a_group(RELEASE), a_group("v2"))
    (head,) = [line.split() for line in lines if line.startswith("ms ")]
    assert head == ["ms", "p50", "p99", "max"]
    (latency,) = [line.split() for line in lines if line.startswith("latency")]
    assert latency[-1].startswith("1,00")


@pytest.mark.parametrize("width", [40, 80])
def test_a_run_without_a_good_answer_is_no_success_and_fits(width: int) -> None:
    summary = structs.replace(a_summary(), totals=Totals(due=1_000_000, unexpected=1_000_000), failures=())
    lines = summary_text(summary, CONFIG, [], Style(Terminal(width=width))).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(line.strip() for line in lines)
    assert "! 0 dropped of 1,000,000 sent, and no good answer ! unexpected 1,000,000: neither good nor dropped" in text
    assert "✓" not in text


def in_one_line(summary: Summary, width: int = 80) -> str:
    lines = summary_text(summary, CONFIG, [], Style(Terminal(width=width))).splitlines()
    assert max(map(len, lines)) <= width
    return " ".join(line.strip() for line in lines)


def test_a_run_that_did_not_send_everything_is_no_success_and_says_whose_fault_that_is() -> None:
    totals = Totals(due=300_000, not_sent=211_541, ok=88_459)
    held_back = {NotSent.LAG: 210_000, NotSent.CAP: 1541}
    phases = (PhaseCounts(phase="", due=300_000, not_sent=held_back),)
    run = structs.replace(a_summary(), totals=totals, phases=phases, failures=())
    lines = summary_text(run, CONFIG, [], Style(Terminal(width=80))).splitlines()
    assert lines[lines.index("! 0 dropped of 88,459 sent: no proof") + 1 :][:2] == [
        "! 211,541 not sent (schedule lag 210,000, connection cap 1,541): the run is",
        "  invalid, by this generator's own fault, not the target's",
    ]
    assert "✗ 1 dropped of 88,459 sent" in in_one_line(
        structs.replace(run, totals=structs.replace(totals, ok=88_458, dropped=1))
    )


def test_a_run_that_was_stopped_for_a_while_is_no_success() -> None:
    run = structs.replace(a_summary(), totals=Totals(due=100, ok=100), failures=(), suspended=2.0)
    assert "! 0 dropped of 100 sent: no proof ! no data for 2.0 s" in in_one_line(run)
    assert "✓ 0 dropped of 100 sent !" in in_one_line(structs.replace(run, suspended=0.0))
