"""Lines in a window: broken, moved to the side, marked; nothing is lost, and no row is too wide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.tui.layout import broken, laid_out, marked, pattern, shifted
from console.tui.paint import Line, Tone, line, text_of, width_of

SPANS = st.lists(st.tuples(st.text(max_size=12), st.sampled_from((Tone.PLAIN, Tone.BAD))), max_size=5)


def row_of(spans: list[tuple[str, Tone]]) -> Line:
    return line(*spans)


@given(SPANS, st.integers(2, 20))
def test_a_broken_row_loses_nothing_and_no_part_is_too_wide(spans: list[tuple[str, Tone]], width: int) -> None:
    row = row_of(spans)
    parts = broken(row, width)
    assert "".join(map(text_of, parts)) == text_of(row)
    assert all(width_of(part) <= width for part in parts)
    tones = [(sign, tone) for part in parts for text, tone in part for sign in text]
    assert tones == [(sign, tone) for text, tone in row for sign in text]


@given(SPANS, st.integers(0, 30))
def test_a_row_moved_to_the_side_keeps_its_columns(spans: list[tuple[str, Tone]], columns: int) -> None:
    row = row_of(spans)
    assert width_of(shifted(row, columns)) == max(0, width_of(row) - columns)


@given(SPANS, st.text(min_size=1, max_size=3))
def test_marking_changes_no_text(spans: list[tuple[str, Tone]], words: str) -> None:
    row, wanted = row_of(spans), pattern(words)
    assert wanted is not None
    assert text_of(marked(row, wanted)) == text_of(row)


def test_words_are_marked_also_where_tones_change_within_them() -> None:
    wanted = pattern("CD")
    assert wanted is not None
    assert marked(line(("abc", Tone.DIM), ("def", Tone.BAD)), wanted) == (
        ("ab", Tone.DIM), ("c", Tone.CURSOR), ("d", Tone.CURSOR), ("ef", Tone.BAD),
    )  # fmt: skip


def test_what_is_looked_for_is_no_regular_expression() -> None:
    wanted = pattern("a.b[")
    assert wanted is not None
    assert wanted.search("axb[") is None
    assert wanted.search("A.B[1]")


def test_rows_know_their_line() -> None:
    layout = laid_out((line("a" * 25), line(""), line("b")), 10, wrap=True)
    assert list(layout.owners) == [0, 0, 0, 1, 2]
    assert (layout.first(0), layout.last(0), layout.first(2)) == (0, 2, 4)
