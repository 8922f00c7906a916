"""Panel 5: what is too long for a row is told whole where there is room, and trouble always in two rows."""

from __future__ import annotations

from console.tui.paint import Tone, text_of, width_of
from console.tui.telling import Told
from console.tui.widgets.events import events_rows, reach

LONG = (
    "ROLLED BACK after 2.74 s: could not keep the release: 10 of 280 synthetic requests were dropped, none is allowed"
)
WIDTH = 76


def told(text: str, tone: Tone = Tone.PLAIN) -> Told:
    return Told(at="2026-01-01T00:00:40Z", text=text, tone=tone)


def texts(found: tuple[Told, ...], height: int, back: int = 0) -> list[str]:
    rows = events_rows(found, WIDTH, height, back=back)
    assert len(rows) <= height
    return [text_of(row)[9:] for row in rows]


def test_the_newest_event_of_trouble_takes_two_rows_and_no_other_does() -> None:
    found = (told(LONG, Tone.BAD), told(LONG), told(LONG, Tone.BAD), told("the end"))
    rows = texts(found, 5)
    assert len(rows) == 5
    assert rows[:2] == [LONG, LONG], "the panel cuts these"
    assert " ".join(rows[2:4]) == LONG
    assert rows[4] == "the end"


def test_what_needs_more_than_two_rows_is_cut_in_the_second() -> None:
    rows = events_rows((told(LONG * 3, Tone.WARN),), WIDTH, 5)
    assert len(rows) == 2
    assert width_of(rows[0]) <= WIDTH < width_of(rows[1])


def test_zoomed_every_event_is_told_whole() -> None:
    rows = events_rows(tuple(told(LONG) for _ in range(4)), WIDTH, 20)
    assert len(rows) == 8
    assert all(width_of(row) <= WIDTH for row in rows)
    assert " ".join(text_of(row)[9:] for row in rows) == " ".join([LONG] * 4)


def test_a_word_wider_than_the_panel_is_told_whole_too() -> None:
    rows = texts((told("$ " + "x" * 200),), 20)
    assert "".join(rows).count("x") == 200


def test_scrolling_back_leads_past_every_event_to_the_oldest_one() -> None:
    found = tuple(told(f"event {number:02d}: {LONG}") for number in range(30))
    height = 15
    furthest = len(found) - reach(found, WIDTH, height)
    seen = {row[:8] for back in range(furthest + 1) for row in texts(found, height, back) if row.startswith("event")}
    assert seen == {f"event {number:02d}" for number in range(30)}
    assert texts(found, height, furthest)[0].startswith("event 00")
