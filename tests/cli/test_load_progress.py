"""A run of `rollout load` while it lasts, as it is drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from console.cli.render.load import partial_text
from console.cli.render.load_progress import Progress, line, screen
from console.cli.render.style import Style, bare
from console.cli.terminal import Terminal
from console.model.histogram import Histogram
from console.model.load import Snapshot, Totals
from console.model.load_totals import LoadSum

ENDING = "ending: waits for 1,234,567 in flight, at most 16 s; Ctrl-C again ends at once"
PROBLEM = "the load generator has said nothing for 1234 s"


def a_snapshot(**totals: int) -> Snapshot:
    return Snapshot(sequence=1, at=0.0, elapsed=3.0, window=0.1, target_rate=50.0, totals=Totals(**totals))


def drawn(snapshot: Snapshot, *, width: int = 80, rows: int = 24, **also: object) -> list[str]:
    total = LoadSum()
    total.add(snapshot)
    now = Progress(
        url="http://127.0.0.1:8080/a/long/path/to/some/thing/that/is/to/be/asked/for/all/the/time",
        duration=20.0,
        elapsed=3.0,
        snapshot=snapshot,
        total=total,
        recent=(0.001,) * 200,
        over="ending" in also,
        ending="",
        problem="",
    )
    return screen(replace(now, **also), Style(Terminal(width=width, colour=True)), rows)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("totals", "headline"),
    [
        ({"due": 86, "in_flight": 86}, "! no data: nothing has an outcome yet"),
        ({"due": 90, "in_flight": 4, "ok": 86}, "✓ 0 dropped / 86"),
        ({"due": 90, "in_flight": 4, "unexpected": 86}, "! 0 dropped / 86, and no good answer"),
        ({"due": 90, "in_flight": 4, "ok": 1, "unexpected": 85}, "✓ 0 dropped / 86"),
        ({"due": 90, "in_flight": 4, "ok": 80, "dropped": 6}, "✗ 6 dropped / 86"),
        ({"due": 90, "in_flight": 4, "dropped": 86}, "✗ 86 dropped / 86"),
        ({"due": 90, "not_sent": 4, "ok": 86}, "! 0 dropped / 86: no proof"),
        ({"due": 90, "not_sent": 4, "ok": 80, "dropped": 6}, "✗ 6 dropped / 86"),
        ({"due": 90, "not_sent": 4, "unexpected": 86}, "! 0 dropped / 86, and no good answer"),
    ],
)
def test_the_headline_counts_what_has_an_outcome_and_is_good_only_with_a_good_answer(
    totals: dict[str, int], headline: str
) -> None:
    assert bare(drawn(a_snapshot(**totals))[1]) == headline


def test_a_run_that_was_stopped_for_a_while_is_no_good_news() -> None:
    stopped = structs.replace(a_snapshot(due=90, in_flight=4, ok=86), suspended=2.0)
    assert bare(drawn(stopped)[1]) == "! 0 dropped / 86: no proof"


def test_what_is_neither_good_nor_dropped_is_a_warning() -> None:
    lines = [bare(text) for text in drawn(a_snapshot(due=9, ok=2, unexpected=7))]
    assert "! unexpected 7: neither good nor dropped" in lines
    assert not any("unexpected" in bare(text) for text in drawn(a_snapshot(due=9, ok=9)))
    assert "dropped 0 of 9, unexpected 7 " in line(a_snapshot(due=9, ok=2, unexpected=7), Histogram())
    assert "  no data  " in line(a_snapshot(due=9, in_flight=9), Histogram())


@pytest.mark.parametrize("width", [20, 30, 40, 80])
def test_it_is_never_as_wide_as_the_terminal_and_says_all_of_what_matters(width: int) -> None:
    totals = {"due": 1_300_000, "not_sent": 60_000, "in_flight": 1_234_567, "unexpected": 1234}
    lines = [bare(text) for text in drawn(a_snapshot(**totals), width=width, rows=60, ending=ENDING, problem=PROBLEM)]
    assert max(map(len, lines)) < width
    told = " ".join(text.strip() for text in lines)
    assert ENDING in told
    assert f"no data: {PROBLEM}" in told


def test_it_is_never_as_high_as_the_terminal_and_says_what_is_waited_for_first() -> None:
    totals = {"due": 1_300_000, "not_sent": 60_000, "in_flight": 1_234_567, "unexpected": 1234}
    lines = drawn(a_snapshot(**totals), width=40, rows=12, ending=ENDING, problem=PROBLEM)
    assert len(lines) == 11
    assert "Ctrl-C again ends at once" in " ".join(bare(text).strip() for text in lines)


def test_no_line_of_a_run_that_was_cut_off_is_longer_than_the_terminal() -> None:
    totals = Totals(due=1_300_000, in_flight=1_234_567, ok=1_000_000, unexpected=100_000, not_sent=100_000)
    lines = partial_text(totals, "the load was ended at once", Style(Terminal(width=40))).splitlines()
    assert max(map(len, lines)) <= 40
    told = " ".join(text.strip() for text in lines)
    assert "ok 1,000,000, unexpected 100,000, not sent 100,000 1,234,567 in flight, whose outcome is unknown" in told


def test_a_moment_without_an_answer_has_no_bar() -> None:
    lines = drawn(a_snapshot(due=9, ok=9), recent=(None, 0.001, None, None, 0.008))
    assert "p99 by time  ▂  █" in lines
