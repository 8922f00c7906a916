"""The logs of a replica: followed, stamped, searched, of this one and of the next."""

from __future__ import annotations

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
