"""The logs of a replica: followed, stamped, searched, of this one and of the next."""

from __future__ import annotations

import asyncio

from console.model.color import Color
from console.model.observed import Replica
from console.tui.paint import width_of
from console.tui.screens.logs import KEPT, TAIL, joined
from console.tui.widgets.pager import Pager
from tests.fakes.stack import make_spec
from tests.tui.pilot import opened


async def test_the_output_of_a_replica_is_there_and_its_keys_with_it() -> None:
    async with opened() as console:
        await console.press("l")
        text = await console.shows("first line of", "log of", "following")
        assert text.splitlines()[-1].strip() == (
            "f follow [ ] other replica / search n next w wrap t times y copy Esc back"
        )
        assert "12:00:00" not in text


async def test_t_tells_when_each_line_was_written_and_t_again_does_not() -> None:
    async with opened() as console:
        await console.press("l")
        await console.shows("log of")
        await console.press("t")
        await console.shows("12:00:00.000 first line of")
        await console.press("t")
        await console.until(lambda: "12:00:00" not in console.text and "first line of" in console.text)


async def test_scrolling_up_stops_following_and_f_goes_back_to_the_end() -> None:
    async with opened() as console:
        await console.press("l")
        await console.shows("following")
        await console.press("up")
        await console.shows("stays here, f follows")
        await console.press("f")
        await console.shows("following")


async def test_a_word_is_found_and_a_missing_one_is_told() -> None:
    async with opened() as console:
        await console.press("l")
        await console.shows("first line of")
        await console.press("slash", *"first", "enter")
        await console.press("slash", *"zebra", "enter")
        await console.shows("'zebra' is not there")


async def test_escape_leads_back_to_the_live_screen() -> None:
    async with opened() as console:
        await console.press("l")
        await console.shows("following")
        await console.press("escape")
        await console.until(lambda: "following" not in console.text and "deploy" in console.text)


def stamped(*numbers: int, text: str = "line") -> list[str]:
    return [f"2026-01-01T12:{number // 60 % 60:02}:{number % 60:02}.{number:06}Z {text} {number}" for number in numbers]


async def test_lines_that_come_are_shown_while_it_follows_and_move_nothing_while_somebody_reads() -> None:
    async with opened() as console:
        said = console.stack.runtime.said["blue-1"] = stamped(*range(100))
        await console.press("l")
        await console.shows("line 99")
        said += stamped(*range(100, 110))
        await console.shows("line 109", "following")
        await console.press("pageup")
        top = console.text.splitlines()[1]
        said += stamped(*range(110, 6000))
        await console.until(lambda: len(console.app.screen.query_one(Pager).lines) > 1000, "for what is new")
        assert console.text.splitlines()[1] == top, "also when much more is written than is read at a time"
        await console.press("f")
        await console.shows("line 5999", "following")


async def test_thousands_of_lines_a_second_are_kept_within_bounds() -> None:
    lines: tuple[str, ...] = ()
    for second in range(30):
        now = tuple(stamped(*range(second * 700, second * 700 + TAIL)))
        lines, _ = joined(lines, now, most=KEPT)
        assert len(lines) <= KEPT
    assert list(lines) == stamped(*range(29 * 700 + TAIL))[-KEPT:], "nothing twice, and no line missing"


def test_what_was_written_faster_than_it_is_read_leaves_a_mark() -> None:
    lines, gone = joined(tuple(stamped(*range(TAIL))), tuple(stamped(*range(5000, 5000 + TAIL))), most=KEPT)
    assert gone == 0
    assert "more was written here" in lines[TAIL]
    assert len(lines) == 2 * TAIL + 1


async def test_a_runtime_that_answers_slowly_is_given_its_time() -> None:
    async with opened() as console:
        quick = console.stack.runtime.logs

        async def slow(replica: Replica, *, tail: int, timestamps: bool = False) -> tuple[str, ...]:
            await asyncio.sleep(2.5)
            return await quick(replica, tail=tail, timestamps=timestamps)

        console.stack.runtime.logs = slow  # type: ignore[method-assign]
        await console.press("l")
        await console.shows("first line of")


async def test_the_output_of_another_replica_is_never_mixed_in() -> None:
    async with opened(spec=make_spec(replicas=3)) as console:
        await console.press("l")
        await console.shows("logs blue-1", "log of blue-1")
        await console.press("right_square_bracket")
        text = await console.shows("logs blue-2", "log of blue-2")
        assert "log of blue-1" not in text
        await console.press("left_square_bracket", "left_square_bracket")
        text = await console.shows("logs blue-3", "log of blue-3")
        assert "log of blue-2" not in text


async def test_a_replica_that_goes_away_is_told_and_its_last_lines_stay() -> None:
    async with opened(spec=make_spec(replicas=2)) as console:
        await console.press("l")
        await console.shows("log of blue-1")
        del console.stack.runtime.containers[Color.BLUE][0]
        await console.shows("there is no such replica any more", "log of blue-1")
        await console.press("right_square_bracket")
        text = await console.shows("logs blue-2", "log of blue-2")
        assert "no such replica" not in text


async def test_a_replica_that_wrote_nothing_is_told_so() -> None:
    async with opened() as console:
        console.stack.runtime.said["blue-1"] = []
        await console.press("l")
        await console.shows("nothing was written so far")
        console.stack.runtime.said["blue-1"] += stamped(1)
        await console.shows("line 1")


async def test_long_lines_run_out_at_the_side_or_are_broken_and_huge_ones_are_cut() -> None:
    async with opened() as console:
        console.stack.runtime.said["blue-1"] = stamped(1, text="x" * 200 + "end of it") + stamped(2, text="y" * 100_000)
        await console.press("l")
        await console.paints("xxx", "…")
        assert "end of it" not in console.text
        await console.press("w")
        await console.shows("more characters]")
        await console.press("home")
        await console.shows("end of it")
        await console.press("w")
        await console.until(lambda: "end of it" not in console.text, "for one row a line")
        await console.press(*["right"] * 18)
        await console.shows("end of it")


async def test_colours_and_wide_signs_of_a_log_change_no_column() -> None:
    async with opened() as console:
        console.stack.runtime.said["blue-1"] = stamped(
            1, text="\x1b[31;1mERROR\x1b[0m [bold]no markup[/bold] \x1b[2J\x1b]0;owned\x07" + "한" * 60
        ) + stamped(2, text="\u202eabc e\u0301 ❤\ufe0f tab\there")
        await console.press("l")
        text = await console.shows("ERROR [bold]no markup[/bold]", "abc e\u0301 ❤ tab here")
        assert "owned" not in text
        assert "\x1b" not in text
        assert {width_of(row) for row in console.app.screen.query_one(Pager).rows} == {80}


async def test_n_and_shift_n_go_from_place_to_place_and_tell_which_it_is() -> None:
    async with opened() as console:
        console.stack.runtime.said["blue-1"] = stamped(*range(300))
        await console.press("l")
        await console.shows("line 299")
        await console.press("slash", *"line 29", "enter")
        await console.shows("2 of 11", "line 290", "stays here")
        await console.press("n")
        await console.shows("3 of 11")
        await console.press("N", "N")
        await console.until(lambda: " 1 of 11" in console.text, "for the first one")
        await console.press("N")
        await console.shows("11 of 11", "line 299")


async def test_a_log_is_copied_as_it_is_shown() -> None:
    async with opened() as console:
        console.stack.runtime.said["blue-1"] = stamped(1, text="\x1b[31mred\x1b[0m [b]")
        await console.press("l")
        await console.shows("red [b] 1")
        await console.press("y")
        await console.shows("copied 1 line")
        assert console.app.clipboard == "red [b] 1\n"
