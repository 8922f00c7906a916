"""The first row: what it says of the way back."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.release import Image, Release
from console.tui.board import Board
from console.tui.paint import text_of
from console.tui.widgets.headline import headline
from tests.tui.boards import board, view


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
