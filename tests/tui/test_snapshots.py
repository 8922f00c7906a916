"""The live screen as text and tones, at three sizes, with Unicode and without: compared whole.

`UPDATE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py` writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.model.color import Color
from console.tui.arrangement import PanelName, arrange
from console.tui.board import Board
from console.tui.glyphs import ASCII
from console.tui.paint import Line, Tone, asciified, line, text_of
from console.tui.widgets.headline import headline
from console.tui.widgets.keyline import keyline
from console.tui.widgets.panel import Panel
from console.tui.widgets.panels import ColorsPanel, EventsPanel, RequestsPanel, RolloutPanel, UpstreamPanel
from tests.tui.boards import board

HERE = Path(__file__).parent / "snapshots"
PANELS = (ColorsPanel, RequestsPanel, UpstreamPanel, RolloutPanel, EventsPanel)
LETTERS = dict(zip(Tone, ".dsfagwb!BGc", strict=True))
SIZES = ((80, 24), (120, 40), (60, 18))


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def cells(row: Line, width: int) -> list[tuple[str, Tone]]:
    found = [(character, tone) for text, tone in row for character in text]
    return (found + [(" ", Tone.PLAIN)] * width)[:width]


def drawn(shown: Board, width: int, height: int, focus: PanelName = PanelName.COLORS) -> list[Line]:
    """The whole screen, as the widgets draw it."""
    places = arrange(width, height - 2, focus=focus, zoomed=False, replicas=4)
    grid = [[(" ", Tone.PLAIN)] * width for _ in range(height)]
    grid[0] = cells(headline(shown, width), width)
    grid[-1] = cells(keyline(shown, width), width)
    for make in PANELS:
        panel: Panel = make()
        place = panel.place = places.get(panel.panel)
        if place is None:
            continue
        panel.draw(shown)
        for y, row in enumerate(panel.rows):
            grid[1 + place.y + y][place.x : place.x + place.width] = cells(row, place.width)
    return [line(*row) for row in grid]


def snapshot(rows: list[Line]) -> str:
    text = [text_of(row).rstrip() for row in rows]
    tones = ["".join(LETTERS[tone] for _, tone in row).rstrip(".") for row in rows]
    return "\n".join([*text, "", *tones]) + "\n"


def compare(name: str, found: str) -> None:
    path = HERE / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(found, encoding="utf-8")
    assert path.is_file(), f"there is no snapshot {name}"
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_drain_under_load(width: int, height: int) -> None:
    rows = drawn(board(), width, height)
    assert {len(text_of(row)) for row in rows} == {width}
    compare(f"drain-{width}x{height}", snapshot(rows))


@pytest.mark.parametrize("focus", PanelName)
def test_each_panel_alone_at_60_columns(focus: PanelName) -> None:
    compare(f"{focus.value}-60x18", snapshot(drawn(board(), 60, 18, focus)))


def test_drift_and_drops_are_unmistakable() -> None:
    rows = drawn(board(recorded=Color.BLUE, dropped=7), 80, 24)
    text = "\n".join(text_of(row) for row in rows)
    assert "DRIFT state blue file green live green" in text
    assert "7 dropped" in text
    assert "99.985 %" in text
    compare("alarm-80x24", snapshot(rows))


def test_the_exact_bucket_of_a_drop_is_marked_and_no_data_is_no_success() -> None:
    rows = drawn(board(dropped=7), 80, 24)
    strip = next(text_of(row) for row in rows if "▓▓▓" in text_of(row))
    assert strip[2:42] == "▓" * 10 + " " + "▓" * 13 + "✗" + "█" * 15


def test_ascii_needs_nothing_but_ascii() -> None:
    rows = drawn(replace(board(), glyphs=ASCII), 80, 24)
    plain = [tuple((asciified(text), tone) for text, tone in row) for row in rows]
    assert plain == [tuple(row) for row in rows], "nothing that we draw ourselves has to be replaced"
    compare("ascii-80x24", snapshot(rows))
