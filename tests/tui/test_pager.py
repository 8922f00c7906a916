"""A window on a long text: what is looked at stays, what is looked for is found, the cursor is where it seems to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult

from console.tui.paint import Rows, Tone, line, text_of
from console.tui.widgets.pager import Pager


class _Window(App[None]):
    def __init__(self, *, cursor: bool) -> None:
        super().__init__()
        self.pager = Pager(cursor=cursor)

    def compose(self) -> ComposeResult:
        yield self.pager


@asynccontextmanager
async def window(*, cursor: bool = False, size: tuple[int, int] = (20, 10)) -> AsyncIterator[Pager]:
    app = _Window(cursor=cursor)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app.pager


def numbered(*numbers: int, long: str = "") -> Rows:
    return tuple(line(f"line {number}{long}") for number in numbers)


def shown(pager: Pager) -> list[str]:
    return [text_of(row).strip() for row in pager.rows]


def chosen(pager: Pager) -> list[str]:
    return [text_of(row).strip() for row in pager.rows if row and all(tone is Tone.CURSOR for _, tone in row)]


async def test_it_follows_the_end_until_somebody_scrolls() -> None:
    async with window() as pager:
        pager.follow = True
        pager.put(numbered(*range(30)))
        assert shown(pager)[-1] == "line 29"
        pager.action_move(-1)
        top = shown(pager)[0]
        pager.put(numbered(*range(5, 40)), gone=5)
        assert shown(pager)[0] == top
        pager.action_follow()
        assert shown(pager)[-1] == "line 39"


async def test_what_is_looked_at_stays_also_when_lines_are_broken() -> None:
    async with window() as pager:
        pager.wrap = True
        pager.put(numbered(*range(30), long=" " + "x" * 40))
        pager.action_move(7)
        top = shown(pager)[0]
        pager.put(numbered(*range(2, 40), long=" " + "x" * 40), gone=2)
        assert shown(pager)[0] == top


async def test_breaking_lines_leaves_the_one_at_the_top_there() -> None:
    async with window() as pager:
        pager.put(numbered(*range(30), long=" " + "x" * 40))
        pager.action_move(12)
        assert shown(pager)[0].startswith("line 12")
        pager.wrap = True
        pager.redraw()
        assert shown(pager)[0].startswith("line 12")
        pager.wrap = False
        pager.redraw()
        assert shown(pager)[0].startswith("line 12")


async def test_every_place_is_reached_forwards_and_backwards_also_on_the_last_page() -> None:
    async with window() as pager:
        pager.put(tuple(line(f"{number} {'here' if number in {3, 95, 97, 99} else ''}") for number in range(100)))
        found = []
        for _ in range(5):
            assert pager.find("HERE")
            found.append(pager.hit)
        assert found == [(1, 4), (2, 4), (3, 4), (4, 4), (1, 4)]
        assert pager.find("HERE", forward=False)
        assert pager.hit == (4, 4)
        assert any(text.startswith("99") for text in shown(pager))


async def test_what_is_not_there_is_not_found_and_nothing_moves() -> None:
    async with window() as pager:
        pager.put(numbered(*range(100)))
        pager.action_move(40)
        assert not pager.find("zebra")
        assert shown(pager)[0] == "line 40"
        assert pager.hit == (0, 0)


async def test_words_that_are_broken_at_the_edge_are_found() -> None:
    async with window() as pager:
        pager.wrap = True
        pager.put((line("x" * 18 + "needle"), line("y")))
        assert pager.find("needle")


async def test_the_cursor_goes_to_what_is_found() -> None:
    async with window(cursor=True) as pager:
        pager.put(numbered(*range(100)))
        assert pager.find("line 57")
        assert pager.cursor == 57
        assert chosen(pager) == ["line 57"]


async def test_the_cursor_is_on_lines_and_not_on_the_rows_they_take() -> None:
    async with window(cursor=True) as pager:
        pager.wrap = True
        pager.put(numbered(*range(10), long=" " + "x" * 40))
        pager.action_move(1)
        assert pager.cursor == 1
        assert chosen(pager)[0].startswith("line 1 ")
        assert len(chosen(pager)) == 3


async def test_the_cursor_goes_from_block_to_block_and_shows_each_of_them_whole() -> None:
    async with window(cursor=True) as pager:
        pager.put(numbered(*range(30)), stops=(0, 6, 12, 18, 24))
        pager.action_move(1)
        assert chosen(pager) == ["line 6"]
        assert shown(pager)[-1] == "line 11"
        pager.action_follow()
        assert chosen(pager) == ["line 24"]
        assert shown(pager)[-1] == "line 29"
        pager.action_page(-1)
        assert chosen(pager) in (["line 12"], ["line 18"])
        pager.action_move(-1_000_000_000)
        assert chosen(pager) == ["line 0"]


async def test_a_block_that_is_longer_than_the_window_is_scrolled_through() -> None:
    async with window(cursor=True) as pager:
        pager.put(numbered(*range(40)), stops=(0, 25))
        seen = set(shown(pager))
        for _ in range(15):
            pager.action_move(1)
            seen.update(shown(pager))
        assert {f"line {number}" for number in range(25)} <= seen
        pager.action_move(1)
        assert chosen(pager) == ["line 25"]


async def test_a_cursor_beyond_the_end_of_what_is_left_goes_to_the_last_line() -> None:
    async with window(cursor=True) as pager:
        pager.put(numbered(*range(30)))
        pager.action_follow()
        pager.put(numbered(*range(3)))
        assert chosen(pager) == ["line 2"]


async def test_steps_to_the_side_show_the_rest_of_long_lines() -> None:
    async with window() as pager:
        pager.put((line("0123456789" * 4), line("short")))
        pager.action_side(1)
        assert shown(pager) == ["890123456789012345" + "67"[:1] + "…", ""]
        pager.action_side(-3)
        assert shown(pager)[1] == "short"
