"""What reaches the terminal: cells that changed, in the right columns, and nothing from outside that could steer it."""

from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from console.tui.arrangement import PanelName, arrange
from console.tui.frame import framed
from console.tui.glyphs import ASCII, UNICODE
from console.tui.names import percent, release_name, success, took
from console.tui.paint import Tone, asciified, fit, harmless, line, spread, text_of, width_of, wrapped
from console.tui.screens.logs import shift
from console.tui.traffic import LADDER, stepped
from console.tui.widgets.rows import _differing
from console.tui.wire import Exactly


@given(st.text())
def test_no_text_can_move_a_cursor_or_change_a_colour(text: str) -> None:
    safe = harmless(text)
    assert safe.isprintable()
    assert "\x1b" not in safe


def test_a_whole_escape_sequence_goes_and_not_only_its_first_character() -> None:
    assert harmless("a\x1b[31mred\x1b]0;title\x07b") == "aredb"
    assert harmless("[bold]no markup[/bold]") == "[bold]no markup[/bold]"


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=40), st.integers(1, 60))
def test_a_row_takes_exactly_its_columns(text: str, width: int) -> None:
    assert width_of(fit(line((text, Tone.BAD)), width)) == width
    assert width_of(spread(line(text), line("end"), max(4, width))) == max(4, width)


@given(st.text(max_size=30))
def test_ascii_means_ascii(text: str) -> None:
    assert asciified(text).isascii()


def test_only_the_cells_that_differ_are_sent() -> None:
    old, new = line("in flight ", ("12", Tone.PLAIN), " of 20"), line("in flight ", ("13", Tone.PLAIN), " of 20")
    assert _differing(old, new) == [(11, 12)]


def test_two_changes_that_are_far_apart_leave_alone_what_is_between() -> None:
    assert _differing(line("1" + " " * 20 + "1"), line("2" + " " * 20 + "2")) == [(0, 1), (21, 22)]
    assert _differing(line("1 1"), line("2 2")) == [(0, 3)]


def test_a_change_of_tone_alone_is_a_change() -> None:
    assert _differing(line(("ok", Tone.GOOD)), line(("ok", Tone.BAD))) == [(0, 2)]


def test_a_row_that_got_shorter_is_cleared_to_its_old_end() -> None:
    assert _differing(line("abcdef"), line("ab")) == [(2, 6)]


def test_a_wide_character_is_never_cut_in_two() -> None:
    assert _differing(line("漢x"), line("字x")) == [(0, 2)]
    assert _differing(line("漢" * 9), line("x" + "漢" * 8)) == [(0, 18)]


@given(rows := st.text(alphabet="ab漢 ", max_size=30), rows)
def test_what_is_sent_turns_the_old_row_into_the_new_one(old: str, new: str) -> None:
    width = max(width_of(line(old)), width_of(line(new)), 1)
    before, after = fit(line(old), width), fit(line(new), width)
    spans = [(0, *stretch) for stretch in _differing(before, after)]
    update = ChopsUpdate([{0: Strip([Segment(text_of(after))])}], spans, [[width]])
    console = Console(color_system=None, force_terminal=True, file=io.StringIO())
    shown = pen(text_of(before), Exactly(update).render_segments(console))
    assert shown == text_of(after)


def pen(row: str, sent: str) -> str:
    """A terminal of one row: what is on it after this was written to it."""
    cells = [cell for character in row for cell in (character, "")[: width_of(line(character))]]
    for column, text in re.findall(r"\x1b\[1;(\d+)H([^\x1b]*)", sent):
        for offset, cell in enumerate(cell for c in text for cell in (c, "")[: width_of(line(c))]):
            cells[int(column) - 1 + offset] = cell
    return "".join(cells)


@given(st.integers(30, 250), st.integers(6, 80), st.sampled_from(PanelName), st.booleans(), st.integers(0, 60))
def test_panels_fill_the_screen_and_never_overlap(
    width: int,
    height: int,
    focus: PanelName,
    zoomed: bool,  # noqa: FBT001 - hypothesis gives it
    replicas: int,
) -> None:
    places = arrange(width, height, focus=focus, zoomed=zoomed, replicas=replicas)
    assert focus in places
    cells = [
        (x, y)
        for place in places.values()
        for x in range(place.x, place.x + place.width)
        for y in range(place.y, place.y + place.height)
    ]
    assert len(cells) == len(set(cells)) == width * height


@given(st.integers(76, 200), st.integers(18, 60), st.sampled_from((UNICODE, ASCII)))
def test_frames_are_as_wide_as_their_place_and_join(width: int, height: int, glyphs: object) -> None:
    for name, place in arrange(width, height, focus=PanelName.COLORS, zoomed=False).items():
        rows = framed((), place, glyphs, name=name, title=line("title"), focused=False)  # type: ignore[arg-type]
        assert len(rows) == place.height
        assert {width_of(row) for row in rows} == {place.width}


def test_at_80_columns_the_frames_are_those_of_the_design() -> None:
    places = arrange(80, 22, focus=PanelName.COLORS, zoomed=False)
    drawn = {name: framed((), place, UNICODE, name=name, title=(), focused=False) for name, place in places.items()}
    assert text_of(drawn[PanelName.COLORS][0]) == "┌1 colors " + "─" * 69 + "┐"
    assert text_of(drawn[PanelName.REQUESTS][0] + drawn[PanelName.UPSTREAM][0]).endswith("┬3 upstream ──────────┤")
    assert text_of(drawn[PanelName.ROLLOUT][0])[57] == "┴"
    assert text_of(drawn[PanelName.EVENTS][-1]) == "└" + "─" * 78 + "┘"


def test_without_unicode_what_is_cut_ends_in_a_sign_of_its_own() -> None:
    assert asciified("late-er…") == "late-er~"
    assert asciified("日") == "??"


def test_pieces_are_never_torn() -> None:
    rows = wrapped([line("✓ start 0.4s"), line("✓ ready 0.2s"), line("✓ smoke 8ms")], 26)
    assert [text_of(row) for row in rows] == ["✓ start 0.4s ✓ ready 0.2s", "✓ smoke 8ms"]


def test_a_share_is_never_rounded_to_a_whole_it_is_not() -> None:
    assert percent(1.0) == "100 %"
    assert percent(0.99999) == "99.9 %"
    assert percent(0.00001) == "0.1 %"
    assert percent(None) == "no data"
    assert success(1, 10_000_000) == "99.999 %"
    assert success(0, 10) == "100.000 %"
    assert success(0, 0) == "no data"


def test_a_release_is_called_by_its_tag_unless_that_says_nothing() -> None:
    assert release_name("shop:v42", 7) == "v42"
    assert release_name("registry.test:5000/shop", 7) == "r7"
    assert release_name("shop:latest", 7) == "r7"
    assert release_name("app@late-error-500", 1) == "late-error-500"


def test_durations_are_short() -> None:
    assert [took(s) for s in (0.0, 0.0084, 0.21, 9.96, 61.0)] == ["0ms", "8ms", "0.2s", "10s", "1m01s"]


def test_the_load_goes_up_and_down_a_ladder_with_two_ends() -> None:
    assert stepped(200.0, up=True) == 500.0
    assert stepped(200.0, up=False) == 100.0
    assert stepped(LADDER[-1], up=True) == LADDER[-1]
    assert stepped(LADDER[0], up=False) == LADDER[0]


def test_a_log_that_scrolled_keeps_what_is_looked_at_in_place() -> None:
    assert shift(("a", "b", "c"), ("b", "c", "d")) == 1
    assert shift(("a", "b"), ("a", "b", "c")) == 0
    assert shift(("a",), ("x",)) == 1
