"""What each panel shows of the board. Loaded once the stack is open: the first paint shows frames alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.tui.arrangement import PanelName
from console.tui.board import Board
from console.tui.paint import Line, Rows
from console.tui.widgets.colors import colors_note, colors_rows
from console.tui.widgets.requests import requests_note, requests_rows, requests_title
from console.tui.widgets.rollout import rollout_note, rollout_rows, rollout_title
from console.tui.widgets.upstream import upstream_alarmed, upstream_note, upstream_rows, upstream_title


def _empty(_: Board, __: int, ___: int) -> Rows:
    return ()


def _none(_: Board) -> Line:
    return ()


def _calm(_: Board) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One panel's content, as functions of the board."""

    rows: Callable[[Board, int, int], Rows] = _empty
    """In so many columns and rows."""
    title: Callable[[Board], Line] = _none
    """Beside its name."""
    note: Callable[[Board], Line] = _none
    """At the right end of its upper line."""
    alarmed: Callable[[Board], bool] = _calm
    """Whether its frame is to be seen from afar."""


PARTS = {
    PanelName.COLORS: Part(rows=colors_rows, note=colors_note),
    PanelName.REQUESTS: Part(rows=requests_rows, title=requests_title, note=requests_note),
    PanelName.UPSTREAM: Part(rows=upstream_rows, title=upstream_title, note=upstream_note, alarmed=upstream_alarmed),
    PanelName.ROLLOUT: Part(rows=rollout_rows, title=rollout_title, note=rollout_note),
    PanelName.EVENTS: Part(),  # it remembers what it found, and fills itself: see `EventsPanel`
}
