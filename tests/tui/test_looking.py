"""The keys that only look: each does what it says, and none of them touches the stack."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from textual.command import CommandList
from textual.widgets import Input

from console.tui.arrangement import PanelName
from console.tui.keys import KEYS
from console.tui.screens.live import LiveScreen
from console.tui.theme import THEMES
from console.tui.widgets.panel import Panel
from console.tui.widgets.panels import EventsPanel
from tests.tui.pilot import Opened, opened


def focus(console: Opened) -> str:
    return console.app.focused.id or "" if console.app.focused else ""


def marked(console: Opened) -> str:
    """The entry of the palette that Enter would take."""
    found = console.app.screen.query_one(CommandList)
    prompt = str(found.highlighted_option.prompt) if found.highlighted_option is not None else ""
    return prompt.splitlines()[0].strip() if prompt else ""


def visible(console: Opened) -> set[str]:
    return {panel.panel.value for panel in console.app.screen.query(Panel) if panel.place is not None}


def pictures(folder: Path) -> list[tuple[str, str]]:
    return [(picture.name, picture.read_text()) for picture in folder.iterdir()]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written to the terminal beside what is painted."""
    from textual.drivers.headless_driver import HeadlessDriver  # noqa: PLC0415

    found: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "write", lambda _, text: found.append(text))
    return found


async def test_figures_and_tab_go_to_the_panels() -> None:
    async with opened() as console:
        for figure, name in zip("12345", PanelName, strict=True):
            await console.press(figure)
            await console.until(lambda name=name: focus(console) == name.value, f"for {name.value}")
        await console.press("tab")
        await console.until(lambda: focus(console) == "colors", "for the first one again")
        await console.press("shift+tab")
        await console.until(lambda: focus(console) == "events", "for the last one")


async def test_zoom_shows_the_panel_alone_and_escape_or_z_all_of_them() -> None:
    async with opened() as console:
        for way_back in ("z", "escape"):
            await console.press("3", "z")
            await console.until(lambda: visible(console) == {"upstream"}, "for the zoom")
            await console.paints("3 upstream")
            await console.press(way_back)
            await console.until(lambda: len(visible(console)) == 5, "for all panels")


async def test_at_60_columns_a_frozen_display_still_goes_from_panel_to_panel() -> None:
    async with opened((60, 18)) as console:
        await console.press("p")
        await console.shows("FROZEN")
        await console.press("3")
        await console.paints("3 upstream", "live  blue")


async def test_a_frozen_display_does_not_change_and_catches_up() -> None:
    async with opened((120, 40)) as console:
        await console.press("p")
        await console.shows("the panels are frozen", "FROZEN")
        before = [row for panel in console.app.screen.query(Panel) for row in panel.rows]
        await console.press("D")
        await console.agree()
        await console.until(lambda: bool(console.app.board.rollout and console.app.board.rollout.over), "for the end")
        await console.pilot.pause(0.3)
        assert [row for panel in console.app.screen.query(Panel) for row in panel.rows] == before
        await console.pilot.resize_terminal(100, 30)
        await console.paints("no rollout so far", "FROZEN")
        await console.press("p")
        await console.shows("done: green serves", "kept warm")
        assert "FROZEN" not in console.text


async def test_the_filter_shows_only_events_with_its_words_and_escape_all_of_them() -> None:
    async with opened() as console:
        await console.press("D")
        await console.agree()
        await console.shows("rollout 1 done")
        await console.press("5", "z", "slash", *"drain")
        panel = console.app.screen.query_one(EventsPanel)
        await console.until(lambda: bool(panel.content) and panel.words == "drain", "for the filter")
        await console.until(lambda: all("drain" in "".join(t for t, _ in row) for row in panel.content), "for it alone")
        await console.press("enter")
        await console.shows("/drain")
        await console.press("escape")
        await console.until(lambda: panel.words == "", "for all of them")
        await console.shows("deploy")


async def test_every_letter_can_be_typed_into_the_filter_and_none_of_them_is_a_key() -> None:
    async with opened() as console:
        await console.press("slash", "q", "D", "y", "exclamation_mark", "1", "question_mark", "colon")
        await console.until(lambda: console.app.screen.query_one(Input).value == "qDy!1?:", "for all of them")
        assert console.app.return_value is None
        assert not console.stack.session.read_only
        await console.shows("no event has 'qDy!1?:' in it")


async def test_a_panel_is_copied_as_it_reads(written: list[str]) -> None:
    async with opened() as console:
        await console.shows("blue", "release")
        await console.press("1", "y")
        await console.shows("copied")
        sent = re.findall(r"\x1b]52;c;([A-Za-z0-9+/=]*)\a", "".join(written))
        text = base64.b64decode(sent[-1]).decode()
        assert "blue" in text
        assert "release" in text
        assert "│" not in text
        assert console.app.clipboard == text


async def test_a_picture_is_saved_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened((160, 40)) as console:
        await console.press("S")
        await console.shows("saved rollout-")
        ((name, text),) = pictures(tmp_path)
        assert name in console.text
        assert text.startswith("<svg")


async def test_a_picture_that_cannot_be_saved_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    async with opened() as console:
        await console.press("S")
        await console.shows("the picture can't be saved")


async def test_the_mouse_is_off_until_m_and_off_again_after_the_next(written: list[str]) -> None:
    async with opened() as console:
        assert "\x1b[?1000h" not in "".join(written)
        await console.press("m")
        await console.shows("the mouse works here")
        assert "\x1b[?1000h" in "".join(written)
        await console.press("m")
        await console.shows("it is the terminal's again")
        assert "".join(written).rindex("\x1b[?1000l") > "".join(written).rindex("\x1b[?1000h")


@pytest.mark.parametrize("theme", THEMES)
async def test_a_theme_of_the_palette_takes_effect(theme: str) -> None:
    async with opened() as console:
        await console.palette(f"theme {theme}")
        await console.until(lambda: marked(console) == f"theme {theme}", "for it to be found")
        await console.press("enter")
        await console.until(lambda: console.app.theme == theme, f"for {theme}")


async def test_the_palette_has_every_key_by_its_words_and_says_why_one_can_t_act() -> None:
    async with opened((120, 60)) as console:
        entries = {key.id: key for key in KEYS}
        await console.press("ctrl+p")
        await console.paints("deploy", "start a release and cut over to it", "cutover: green does not run")
        await console.press(*"replica")
        await console.paints(entries["replicas"].help)
        await console.press("escape", "escape")


async def test_what_others_wrote_is_no_markup_in_the_palette() -> None:
    from console.ports.journal import LockLabel  # noqa: PLC0415

    async with opened((120, 60)) as console:
        console.stack.lock.label = LockLabel(
            host="[/]", pid=99, user="[red]bot", command="rollout [bold]deploy[/bold] \x1b[2J[", since="", fence=4
        )
        await console.until(lambda: console.app.board.other is not None, "for the lock")
        await console.press("colon")
        await console.paints("[red]bot@[/]", "rollout [bold]deploy[/bold]")


@pytest.mark.parametrize("way", ["escape", "q", "ctrl+c"])
@pytest.mark.parametrize("key", ["l", "i", "h", "question_mark"])
async def test_every_page_opens_by_its_key_and_leads_back(key: str, way: str) -> None:
    async with opened() as console:
        live = console.app.screen
        await console.press(key)
        await console.until(lambda: console.app.screen is not live, "for the page")
        await console.shows("Esc back")
        await console.press(way)
        await console.until(lambda: console.app.screen is live, "for the way back")
        assert console.app.return_value is None


@pytest.mark.parametrize("key", ["l", "i", "h", "question_mark"])
async def test_at_60_columns_every_page_tells_the_way_back(key: str) -> None:
    async with opened((60, 18)) as console:
        await console.press(key)
        await console.paints("Esc back")
        await console.pilot.resize_terminal(40, 8)
        await console.until(lambda: len(console.painted) == 8, "for the new size")
        await console.paints("Esc back")


async def test_without_unicode_every_page_is_ascii() -> None:
    async with opened(ascii_only=True) as console:
        for key, word in {
            "l": "Esc",
            "i": "Esc",
            "h": "Esc",
            "question_mark": "Esc",
            "colon": "start a release and cut over",
        }.items():
            await console.press(key)
            await console.paints(word)
            assert "\n".join(console.painted).isascii(), key
            await console.press("escape")
            await console.until(lambda: isinstance(console.app.screen, LiveScreen), "for the live screen")


async def test_the_palette_copies_the_page_that_is_open() -> None:
    async with opened() as console:
        await console.press("l")
        await console.shows("log of blue-1")
        console.app.pressing("copy")()
        await console.shows("copied 2 lines")
        assert console.app.clipboard == "first line of blue-1\nlog of blue-1\n"


async def test_what_happens_meanwhile_is_told_on_a_page_too() -> None:
    async with opened() as console:
        await console.press("question_mark")
        await console.shows("acting keys")
        console.app.notice("rollout 7 done")
        await console.shows("rollout 7 done", "acting keys")
