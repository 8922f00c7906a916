"""Lines that are drawn over on a terminal."""

from __future__ import annotations

import json
import re

import pytest

from console.cli.render.overdraw import Overdraw
from console.cli.terminal import Terminal
from tests.tui.terminal import Terminal as Window
from tests.tui.terminal import missing_tmux

DRAW = """
import json, os, sys
from console.cli.render.overdraw import Overdraw
from console.cli.terminal import Terminal
overdraw, size = Overdraw(), os.get_terminal_size()
for page in json.loads(sys.argv[1]):
    print(end=overdraw.draw(page, Terminal(tty=True, columns=size.columns, rows=size.lines)), flush=True)
input()
"""

WIDE = Terminal(tty=True, columns=80, rows=24)


def bare(text: str) -> list[str]:
    return re.sub(r"\x1b\[\d*[JK]", "", text).splitlines()


def test_the_first_lines_go_where_the_cursor_is_and_the_next_over_them() -> None:
    overdraw = Overdraw()
    assert bare(overdraw.draw(["one", "two", "three"], WIDE)) == ["one", "two", "three"]
    second = overdraw.draw(["four"], WIDE)
    assert second.startswith("\r\x1b[3A")
    assert second.endswith("four\x1b[K\n\x1b[J")


def test_nothing_is_cleared_from_the_first_row_on() -> None:
    overdraw = Overdraw()
    drawn = [overdraw.draw(["one", "two"], WIDE), overdraw.draw(["three"], WIDE), overdraw.erase(WIDE)]
    assert not any(re.search(r"A\x1b\[J", text) for text in drawn)


def test_what_was_erased_is_not_drawn_over() -> None:
    overdraw = Overdraw()
    overdraw.draw(["one", "two"], WIDE)
    erased = overdraw.erase(WIDE)
    assert erased.startswith("\r\x1b[2A")
    assert erased.endswith("\n\r\x1b[2A")
    assert overdraw.erase(WIDE) == ""
    assert "A" not in overdraw.draw(["three"], WIDE)


def test_lines_that_a_narrower_terminal_folded_take_more_rows_and_colours_take_none() -> None:
    overdraw = Overdraw()
    overdraw.draw(["\x1b[31m" + "x" * 60 + "\x1b[0m", ""], WIDE)
    assert overdraw.draw(["now"], Terminal(tty=True, columns=25, rows=24)).startswith("\r\x1b[4A")


def test_more_lines_than_the_terminal_has_are_counted_rather_than_scrolled_away_but_for_the_last() -> None:
    low = Terminal(tty=True, columns=80, rows=5)
    overdraw = Overdraw()
    lines = bare(overdraw.draw([str(number) for number in range(9)], low))
    assert lines == ["0", "1", "... 6 more lines than this terminal has room for", "8"]
    assert overdraw.draw(["now"], low).startswith("\r\x1b[4A")


@pytest.mark.parametrize("rows", range(1, 12))
def test_however_low_a_terminal_is_no_line_is_lost_without_being_counted_and_none_scrolls(rows: int) -> None:
    terminal = Terminal(tty=True, columns=60, rows=rows)
    lines = bare(Overdraw().draw([f"line {number}" for number in range(9)], terminal))
    assert len(lines) <= max(1, rows - 1)
    counted = [int(line.split()[1]) for line in lines if line.startswith("...")]
    assert sum(counted) + len(lines) - len(counted) == 9
    assert lines[-1] == "line 8" or rows < 3


@pytest.mark.skipif(bool(missing_tmux), reason=missing_tmux or "-")
@pytest.mark.parametrize(("columns", "rows"), [(30, 12), (40, 5), (10, 24), (80, 24)])
def test_the_last_lines_look_as_if_nothing_had_been_drawn_before_and_nothing_is_left_above(
    columns: int, rows: int
) -> None:
    # Their middle lines fill one, two or more rows to the last column, or a part of the last row.
    pages = [["first " * 10, "x" * 40, "end"], ["second", "y" * 30, "longer " * 4, "end"], ["third", "z" * 20, "end"]]
    with Window(json.dumps(pages), program=("-c", DRAW), width=columns, height=rows) as window:
        seen = window.wait_for("third", gone="y")
        assert not window.scrolled
    expected = [line[at : at + columns] for line in pages[-1] for at in range(0, len(line), columns)]
    assert [line for line in seen.splitlines() if line] == expected
