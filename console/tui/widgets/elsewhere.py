"""What nobody may miss while another panel has the whole screen: drops, and a rollout. Pure."""

from __future__ import annotations

from console.tui.arrangement import PanelName
from console.tui.board import Board
from console.tui.paint import Line, Tone, line, width_of
from console.tui.telling import end_of
from console.tui.widgets.rollout import rollout_note

_GAP = "  "


def elsewhere(board: Board, shown: PanelName, room: int) -> Line:
    """What the panels that are not shown would tell, in so many columns; what matters most stays longest."""
    lost = _dropped(board) if shown is not PanelName.REQUESTS else ()
    rolling = _rollout(board) if shown is not PanelName.ROLLOUT else ()
    both = (*lost, *line(_GAP), *rolling) if lost and rolling else (*lost, *rolling)
    return next((told for told in (both, lost, rolling) if width_of(told) <= room), ())


def _dropped(board: Board) -> Line:
    requests = board.sample.requests
    count = requests.totals.dropped if requests is not None and requests.totals is not None else 0
    return line((f"{count:,} dropped", Tone.ALARM)) if count else ()


def _rollout(board: Board) -> Line:
    """Its phase while it runs; afterwards how it ended, unless it ended well."""
    rollout = board.rollout
    if rollout is None or (board.verdict.choices and not board.running):
        return ()  # the headline says that one was cut off
    if rollout.held_before:
        return line(("HELD", Tone.WARN))
    if rollout.finished is None:
        return rollout_note(board)
    outcome = rollout.finished.outcome
    return line(end_of(outcome)) if outcome != "done" else ()
