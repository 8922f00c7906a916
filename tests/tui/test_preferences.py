"""The operator's own theme and keys: what they change, and that a mistake in them keeps nobody out."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.tui.preferences import Preferences, parse_preferences, preferences_file, read_preferences
from console.tui.theme import THEMES
from tests.tui.pilot import opened


def written(directory: Path, text: str) -> Preferences:
    file = directory / "console.yml"
    file.write_text(text)
    return read_preferences(file)


def test_it_lies_where_the_xdg_specification_says() -> None:
    assert preferences_file({"HOME": "/nowhere/ops"}) == Path("/nowhere/ops/.config/rollout/console.yml")
    assert preferences_file({"HOME": "/nowhere/ops", "XDG_CONFIG_HOME": "/etc/ops"}) == Path(
        "/etc/ops/rollout/console.yml"
    )
    relative = preferences_file({"HOME": "/nowhere/ops", "XDG_CONFIG_HOME": "ops"})
    assert relative == Path("/nowhere/ops/.config/rollout/console.yml"), "relative ones are invalid, and ignored"


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "console.yml") == Preferences()
    assert written(tmp_path, "") == Preferences()


def test_a_theme_and_keys_are_taken(tmp_path: Path) -> None:
    found = written(tmp_path, "theme: nord\nkeys: {deploy: f5, logs: ctrl+o}\n")
    assert (found.theme, found.keymap, found.problems) == ("nord", {"deploy": "f5", "logs": "ctrl+o"}, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("theme: hotdog\n", "theme `hotdog` is none of"),
        ("keys: {deplay: f5}\n", "no key is called `deplay`"),
        ("keys: {deploy: R}\n", "`R` is the key for rollback already"),
        ("keys: {deploy: y}\n", "`y` answers what deploy asks"),
        ("keys: {leave: a}\n", "`a` answers what leave asks"),
        ("keys: {deploy: 'press me'}\n", "`press me` is no key"),
        ("colour: red\n", "there is no `colour`"),
        ("keys: [deploy]\n", "`keys` maps ids to keys"),
        ("- theme\n", "`theme` and `keys` are expected"),
        ("theme: {\n", "it is no YAML"),
        ("\x00", "it is no YAML"),
    ],
)
def test_a_mistake_is_told_and_left_out(tmp_path: Path, text: str, problem: str) -> None:
    found = written(tmp_path, text)
    assert problem in " ".join(found.problems)
    assert found.theme == THEMES[0]
    assert found.keymap == {}


def test_every_mistake_is_told_and_the_rest_is_taken() -> None:
    found = parse_preferences({"theme": "x", "keys": {"logs": "o", "nothing": "f1", "load": "D"}}, name="console.yml")
    assert len(found.problems) == 3
    assert found.keymap == {"logs": "o"}


def test_a_file_that_cannot_be_read_or_is_huge_is_told(tmp_path: Path) -> None:
    assert "directory" in read_preferences(tmp_path).problems[0]
    assert "larger than" in written(tmp_path, "#" * 70_000).problems[0]


async def test_a_key_that_was_moved_acts_where_it_is_now_and_is_told_there() -> None:
    async with opened(
        (100, 50), preferences=parse_preferences({"keys": {"deploy": "f5", "help": "f1"}}, name="")
    ) as console:
        await console.shows("f5 deploy")
        await console.press("D")
        await console.press("f1")
        text = await console.shows("acting keys", "f5   start a release")
        assert "y do it" not in text
        await console.press("escape")
        await console.press("f5")
        await console.shows("y do it", "rollout deploy")


async def test_a_mistake_is_told_on_the_screen_and_the_usual_keys_act() -> None:
    async with opened(preferences=parse_preferences({"keys": {"deploy": "R"}}, name="console.yml")) as console:
        await console.shows("`R` is the key for rollback already")
        await console.press("D")
        await console.shows("y do it", "rollout deploy")


async def test_several_mistakes_are_all_kept_among_the_events() -> None:
    wrong = {"keys": {"deploy": "R", "deplay": "f5"}, "colour": "red"}
    async with opened(preferences=parse_preferences(wrong, name="console.yml")) as console:
        await console.shows("3 mistakes, all in panel 5")
        await console.press("5")
        await console.press("z")
        await console.shows("there is no `colour`", "`R` is the key for rollback already", "no key is called `deplay`")
