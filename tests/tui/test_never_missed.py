"""What nobody may miss in any size: the headline, the upper line of a panel alone, the row of keys."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.release import Image, Release
from console.tui.arrangement import arrange
from console.tui.board import Board
from console.tui.obstacles import obstacle
from console.tui.paint import text_of
from console.tui.widgets.headline import headline
from console.tui.widgets.keyline import keyline
from console.tui.widgets.panel import Panel
from console.tui.widgets.panels import ColorsPanel, RequestsPanel, RolloutPanel
from tests.fakes.stack import FakeStack
from tests.tui.boards import board, view
from tests.tui.pilot import opened


def seen_with(shown: Board, **changes: object) -> Board:
    """The board after a look that found something else."""
    return shown.with_sample(replace(shown.sample, view=replace(view(), **changes)))  # type: ignore[arg-type]


def release(number: int, color: Color, tag: str) -> Release:
    image = Image(reference=f"shop:{tag}", id=f"sha256:{tag}", digest=None)
    return Release(id=number, color=color, image=image, config_hash="", by="ann", at="2026-01-01T00:00:00Z")


def test_a_cold_way_back_is_called_by_its_release_s_name_as_everywhere() -> None:
    observed = view().observed
    alone = replace(observed, replicas=observed.of(Color.GREEN))
    history = (release(2, Color.GREEN, "v42"), release(0, Color.BLUE, "v41"))
    text = text_of(headline(seen_with(board(), observed=alone, history=history, standby=None), 80))
    assert "rollback cold: blue v41" in text


def alone(shown: Board, make: type[Panel], width: int = 60) -> str:
    """The upper line of a panel that has the whole screen."""
    panel = make()
    panel.place = arrange(width, 16, focus=panel.panel, zoomed=False)[panel.panel]
    panel.draw(shown)
    return text_of(panel.rows[0])


def test_a_panel_that_is_alone_tells_of_drops_and_the_rollout_elsewhere() -> None:
    upper = alone(board(dropped=71), ColorsPanel)
    assert "71 dropped  draining 20 s" in upper
    assert len(upper) == 60
    assert "dropped" not in alone(board(), ColorsPanel)


def test_what_a_panel_shows_itself_is_not_said_twice() -> None:
    assert alone(board(dropped=71), RolloutPanel).count("draining") == 1
    assert "dropped" not in alone(board(dropped=71), RequestsPanel)


def test_where_not_all_has_room_the_drops_stay() -> None:
    upper = alone(board(dropped=71), ColorsPanel, width=32)
    assert "71 dropped" in upper
    assert len(upper) == 32


def test_what_can_not_act_leaves_the_row_of_keys_before_what_can() -> None:
    shown = board()
    assert not obstacle("hold", shown)
    assert obstacle("drain", shown)
    row = text_of(keyline(shown, 60))
    for word in ("H hold", "A abort", "L load", "? help"):
        assert word in row
    assert "X drain" not in row


async def test_an_own_rollout_is_gone_to_where_only_one_panel_has_room() -> None:
    def hang(stack: FakeStack) -> None:
        stack.proxy.faults.hangs.add("validate")

    async with opened((60, 18), prepare=hang) as console:
        await console.shows("1 colors")
        await console.press("D")
        await console.agree()
        await console.shows("4 rollout", "cutting over")
        await console.press("1")
        await console.shows("1 colors")
        await console.pilot.pause(0.6)
        assert "1 colors" in console.text, "it is gone to once, and then left to the operator"
        console.engine.abort("the test")
