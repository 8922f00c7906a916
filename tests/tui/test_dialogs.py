"""The dialogs of the acting keys: nothing is agreed to by accident, and what was agreed to is what is done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from console.model.color import Color
from console.model.events import AbortRequested, RolloutStarted
from console.model.load import LoadConfig
from console.model.plan import Action
from console.model.request import Request
from console.model.spec import Spec
from console.ports.load import LoadRun
from console.tui.app import Leaving
from console.tui.dialogs import base
from console.tui.dialogs.base import Dialog
from console.tui.paint import Tone
from console.tui.widgets.panel import Panel
from tests.fakes.clock import FakeClock
from tests.fakes.load import FakeLoad
from tests.fakes.stack import FakeStack, make_spec
from tests.fakes.wreck import revived, wrecks_during
from tests.tui.pilot import Opened, opened

RIPE = 0.35
PROTECTED: Spec = replace(make_spec(), protected=True)


def hang_at(call: str) -> Callable[[FakeStack], None]:
    def prepare(stack: FakeStack) -> None:
        stack.proxy.faults.hangs.add(call)

    return prepare


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a slow machine takes to type, it is typed ahead."""
    monkeypatch.setattr(base, "PATIENCE", 600.0)


def dialogs(console: Opened) -> int:
    return sum(isinstance(screen, Dialog) for screen in console.app.screen_stack)


def aborts(console: Opened) -> list[AbortRequested]:
    return [record.event for record in console.stack.journal.kept if isinstance(record.event, AbortRequested)]


async def in_mid_rollout(console: Opened) -> None:
    """A deploy that hangs in the validation of the proxy's configuration."""
    await console.press("D")
    await console.agree()
    await console.until(lambda: "validate" in console.stack.proxy.faults.calls, "for the hang")
    await console.until(lambda: console.app.board.running, "for the rollout to show")


async def cut_off(at: str) -> Callable[[FakeStack], None]:
    """What a deploy leaves that was killed at that moment."""
    stack = FakeStack()
    wrecks = wrecks_during(stack)
    await stack.session.run(Request(action=Action.DEPLOY, image="shop:2"))
    wreck = next(wreck for wreck in wrecks if wreck.when == at)

    def prepare(found: FakeStack) -> None:
        again = revived(wreck)
        for name in ("containers", "images", "numbers"):
            setattr(found.runtime, name, getattr(again.runtime, name))
        for name in ("file", "running", "generation", "pids", "smoke"):
            setattr(found.proxy, name, getattr(again.proxy, name))
        found.active.color, found.journal.kept = again.active.color, again.journal.kept
        found.lock.fence = again.lock.fence

    return prepare


async def test_cancel_has_the_focus_and_enter_presses_it() -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it")
        assert isinstance(console.app.focused, Button)
        assert console.app.focused.id == "cancel"
        await asyncio.sleep(RIPE)
        await console.press("enter")
        await console.until(lambda: dialogs(console) == 0, "for the dialog to close")
        assert not console.stack.journal.kept


async def test_keys_typed_fast_open_one_dialog() -> None:
    async with opened() as console:
        await console.press("D", "D", "L", "D")
        await console.shows("y do it")
        await console.pilot.pause(0.2)
        assert dialogs(console) == 1
        await console.press("escape")
        await console.until(lambda: dialogs(console) == 0, "for the dialog to close")
        await console.act("deploy")
        await console.shows("y do it")


async def test_the_palette_over_a_dialog_opens_no_second_one() -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it")
        console.app.pressing("deploy")()
        await console.pilot.pause(0.2)
        assert dialogs(console) == 1


async def test_another_image_is_planned_anew_and_is_what_is_deployed() -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it", "shop:1")
        await console.press("i", *"shop", "colon", "2", "enter")
        await console.agree("$ rollout deploy --image shop:2", "use image shop:2")
        await console.shows("rollout 1 done")
        assert {one.image for one in console.stack.runtime.containers[Color.GREEN]} == {"shop:2"}


async def test_escape_in_the_line_for_the_image_leads_back_to_the_plan() -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it")
        await console.press("i", "x", "escape")
        await console.pilot.pause()
        assert dialogs(console) == 1
        assert not console.app.screen.query_one(Input).display
        await console.agree("use image shop:1")
        await console.shows("rollout 1 done")


async def test_an_image_that_is_nowhere_is_refused_in_the_dialog_or_in_its_plan_and_nothing_changes() -> None:
    def prepare(stack: FakeStack) -> None:
        stack.runtime.faults.raises["resolve"] = RefusedAlways

    from console.model.errors import RuntimeFailedError  # noqa: PLC0415

    RefusedAlways = RuntimeFailedError("look for the image", "no [red]such[/red] image", next_command="docker images")  # noqa: N806
    async with opened(prepare=prepare) as console:
        await console.press("D")
        text = await console.shows("no [red]such[/red] image", "docker images", "refused")
        assert "y do it" not in text
        await asyncio.sleep(RIPE)
        await console.press("y")
        await console.pilot.pause(0.1)
        assert dialogs(console) == 1
        assert not console.stack.journal.kept


async def test_a_protected_stack_is_framed_so_and_a_wrong_name_is_told() -> None:
    async with opened(spec=PROTECTED) as console:
        await console.press("D")
        await console.shows("type the name first")
        await console.paints("protected", "┏", "┛")
        await console.press(*"ship", "enter")
        await console.shows("that is not the name of this stack: shop", "type the name first")
        assert not console.stack.journal.kept


@pytest.mark.parametrize("protected", [True, False])
async def test_the_live_screen_says_that_a_stack_is_protected_and_its_frame_too(protected: bool) -> None:  # noqa: FBT001
    async with opened(spec=replace(make_spec(), protected=protected)) as console:
        frames = {tone for row in console.app.screen.query(Panel).last().rows[-1:] for _, tone in row}
        assert frames == {Tone.WARN if protected else Tone.FRAME}
        assert ("PROTECTED" in console.text) == protected


@pytest.mark.usefixtures("unhurried")
async def test_the_name_of_a_protected_stack_does_not_agree_by_itself() -> None:
    async with opened(spec=PROTECTED) as console:
        await console.press("D")
        await console.shows("type the name first")
        await console.press(*"shop", "enter", "y", "y", "enter")
        await console.pilot.pause(0.1)
        assert not console.stack.journal.kept


async def test_a_protected_cutover_wants_the_name_too() -> None:
    async with opened(spec=PROTECTED) as console:
        await console.press("D")
        await console.shows("type the name first")
        await console.press(*"shop", "enter")
        await console.agree()
        await console.shows("rollout 1 done")
        await console.act("cutover")
        await console.shows("type the name first", "cutover: green serves, target blue")
        await console.press(*"shop", "enter")
        await console.agree()
        await console.shows("rollout 2 done")
        assert console.stack.proxy.color is Color.BLUE


async def test_a_plan_longer_than_the_screen_scrolls_and_its_keys_stay() -> None:
    async with opened((60, 18)) as console:
        await console.press("D")
        await console.shows("y do it")
        await console.paints("$ rollout deploy", "y do it")
        assert not console.has("keep blue as warm standby")
        await console.press("pagedown", "pagedown")
        await console.paints("keep blue as warm standby", "$ rollout deploy", "y do it")
        await console.press("pageup", "pageup")
        await console.paints("deploy: blue serves, target green")


async def test_a_resize_in_mid_dialog_fits_it_anew_and_it_can_still_be_agreed_to() -> None:
    async with opened((120, 40)) as console:
        await console.press("D")
        await console.shows("y do it", "a rollback to it is instant")
        await console.pilot.resize_terminal(60, 18)
        await console.until(lambda: len(console.painted) == 18, "for the new size")
        await console.paints("╭", "╯", "y do it", "Cancel")
        assert max(map(len, console.painted)) <= 60
        await console.agree()
        await console.until(lambda: bool(console.app.board.rollout and console.app.board.rollout.over), "for the end")
        assert console.stack.proxy.color is Color.GREEN


async def test_an_abort_that_comes_too_late_is_told_and_does_nothing() -> None:
    async with opened(prepare=hang_at("validate")) as console:
        await in_mid_rollout(console)
        await console.press("A")
        await console.shows("ends at its next safe point")
        console.engine.abort("somebody else")
        console.let_go()
        await console.until(lambda: not console.app.board.running, "for the end")
        await console.agree()
        await console.shows("rollout 1 has ended meanwhile")
        assert [event.by for event in aborts(console)] == ["somebody else"]


async def test_an_abort_is_journaled_with_who_asked_for_it() -> None:
    async with opened(prepare=hang_at("validate")) as console:
        await in_mid_rollout(console)
        await console.press("A")
        await console.shows("ends at its next safe point")
        await console.agree()
        await console.until(lambda: bool(aborts(console)), "for what was asked")
        console.let_go()
        await console.until(lambda: not console.app.board.running, "for the end")
        assert [event.by for event in aborts(console)] == ["ann@here (pid 7)"]


@pytest.mark.parametrize(("key", "how"), [("p", Leaving.PRINTING), ("a", Leaving.ABORTING)])
async def test_leaving_in_mid_rollout_asks_how(key: str, how: Leaving) -> None:
    async with opened(prepare=hang_at("validate")) as console:
        await in_mid_rollout(console)
        await console.press("q")
        await console.shows("It never ends just because the screen is left")
        await asyncio.sleep(RIPE)
        await console.press(key)
        await console.until(lambda: console.app.return_value is not None, "for the screen to be left")
        assert console.app.return_value is how
        console.engine.abort("the test")


@pytest.mark.parametrize("key", ["s", "escape", "q", "enter"])
async def test_every_other_answer_stays(key: str) -> None:
    async with opened(prepare=hang_at("validate")) as console:
        await in_mid_rollout(console)
        await console.press("q")
        await console.shows("It never ends just because the screen is left")
        await asyncio.sleep(RIPE)
        await console.press(key)
        await console.until(lambda: dialogs(console) == 0, "for the dialog to close")
        assert console.app.return_value is None
        assert console.engine.rolling
        console.engine.abort("the test")


async def test_leaving_is_asked_once_and_not_answered_by_what_was_typed_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(prepare=hang_at("validate")) as console:
        await in_mid_rollout(console)
        monkeypatch.setattr(base, "PATIENCE", 600.0)
        await console.press("ctrl+q", "a", "p", "ctrl+q", "ctrl+q")
        await console.until(lambda: dialogs(console) > 0, "for the question")
        await console.pilot.pause(0.2)
        assert dialogs(console) == 1
        assert console.app.return_value is None
        console.engine.abort("the test")


async def test_at_rest_q_leaves_at_once() -> None:
    async with opened() as console:
        await console.press("q")
        await console.until(lambda: console.app.return_value is Leaving.QUIET, "for the screen to be left")


@pytest.mark.parametrize(
    ("at", "key", "way", "color"),
    [
        ("in runtime.started", "r", "--resume", Color.GREEN),
        ("in runtime.started", "a", "--adopt", Color.BLUE),
        ("in proxy.applied", "r", "--resume", Color.GREEN),
        ("in proxy.applied", "b", "--rollback", Color.BLUE),
        ("in proxy.applied", "a", "--adopt", Color.GREEN),
    ],
)
async def test_every_way_on_after_a_cut_off_rollout_shows_its_plan_and_is_carried_out(
    at: str, key: str, way: str, color: Color
) -> None:
    async with opened(prepare=await cut_off(at)) as console:
        await console.act("recover")
        await console.shows("r  go on with it", "a  adopt what serves")
        await asyncio.sleep(RIPE)
        before = len(console.stack.journal.kept)
        await console.press(key)
        await console.agree(f"$ rollout recover {way}")
        await console.shows("rollout 2 done")
        assert console.stack.proxy.color is color
        started = [one.event for one in console.stack.journal.kept[before:] if isinstance(one.event, RolloutStarted)]
        assert len(started) == 1


async def test_a_way_on_is_not_gone_when_the_stack_has_changed_since_its_plan_was_shown() -> None:
    async with opened(prepare=await cut_off("in runtime.started")) as console:
        await console.act("recover")
        await console.shows("go on with it")
        await asyncio.sleep(RIPE)
        before = len(console.stack.journal.kept)
        await console.press("r")
        await console.shows("y do it")
        console.stack.proxy.seed(Color.BLUE, generation=19)
        await console.agree()
        await console.shows(
            "recover with --resume: the stack has changed", "now: nothing was changed", "$ rollout recover"
        )
        assert dialogs(console) == 1
        await console.press("escape")
        await console.until(lambda: dialogs(console) == 0, "for the dialog to close")
        assert len(console.stack.journal.kept) == before


async def test_a_command_longer_than_the_dialog_goes_on_in_the_next_row_and_is_all_there() -> None:
    image = f"registry.test/{'team/' * 12}shop:2"
    async with opened((60, 18)) as console:
        console.stack.runtime.add_image(image)
        await console.press("D")
        await console.shows("y do it")
        await console.press("i")
        console.app.screen.query_one(Input).value = image
        await console.press("enter")
        await console.shows("y do it", "--image")
        painted = "".join(row.strip("│ ").strip() for row in console.painted)
        assert image in painted


async def test_without_unicode_the_frame_is_made_of_ascii() -> None:
    async with opened(ascii_only=True) as console:
        await console.press("D")
        await console.shows("y do it")
        await console.paints("+-", "y do it")
        assert "\n".join(console.painted).isascii()


async def test_a_rehearsal_breaks_nothing_and_sends_nothing_before_it_is_agreed_to(tmp_path: Path) -> None:
    poison = tmp_path / "zz-rehearsal.conf"
    loads: list[LoadConfig] = []
    spec = replace(make_spec(), proxy=replace(make_spec().proxy, config=tmp_path))

    def make(config: LoadConfig) -> LoadRun:
        loads.append(config)
        return FakeLoad(FakeClock()).make(config)

    def prepare(stack: FakeStack) -> None:
        hang_at("validate")(stack)
        stack.ports = replace(stack.ports, make_load=make)
        stack.session.ports = stack.ports

    async with opened(demo=True, spec=spec, prepare=prepare) as console:
        await console.act("fault")
        await console.shows("the proxy refuses its configuration")
        await asyncio.sleep(RIPE)
        await console.press("6")
        await console.shows("y do it", "$ rollout deploy")
        assert not loads
        assert not os.path.exists(poison)  # noqa: ASYNC240, PTH110 - a look at a local directory
        await console.agree()
        await console.until(lambda: "validate" in console.stack.proxy.faults.calls, "for the hang")
        assert loads
        assert os.path.exists(poison)  # noqa: ASYNC240, PTH110 - as above
        console.engine.abort("the test")
        console.let_go()
        await console.until(lambda: not os.path.exists(poison), "for what was broken to be mended")  # noqa: PTH110 - as above
