"""The last row: what the keys do, dimmed when they can't now; or, for a moment, why one could not."""

from __future__ import annotations

from console.tui.board import Board
from console.tui.keys import Key, Kind
from console.tui.obstacles import obstacle
from console.tui.paint import Line, Tone, fit, line, width_of

_ALSO_ELSEWHERE = ("filter", "logs")
_FIRST_TO_GO = ("drain", "hold", "load", "cutover", "abort", "fault", "palette")
_DIMMED_FIRST = ("drain", "fault", "cutover", "hold", "abort", "load", "rollback", "deploy")
"""What can't act now goes before what can, whatever it is."""


def keyline(board: Board, width: int, *, notice: Line = ()) -> Line:
    """The row in this many columns; a notice goes first."""
    if notice:
        return fit((*line(" "), *notice), width, dots=board.glyphs.dots)
    demo = board.facts is not None and board.facts.demo
    shown = [key for key in board.keys if key.label and (key.kind is not Kind.DEMO or demo)]
    dimmed = tuple(name for name in _DIMMED_FIRST if obstacle(name, board))
    for name in (*_ALSO_ELSEWHERE, *dimmed, *_FIRST_TO_GO):
        if width_of(_row(shown, board)) <= width:
            break
        shown = [key for key in shown if key.id != name]
    return fit(_row(shown, board), width, dots=board.glyphs.dots)


def _row(keys: list[Key], board: Board) -> Line:
    row: Line = ()
    for key in keys:
        can = not obstacle(key.id, board)
        label = _label(key, board)
        row = (*row, (" ", Tone.PLAIN), (key.shown, Tone.ACCENT if can else Tone.DIM))
        row = (*row, (f" {label}", Tone.PLAIN if can else Tone.DIM))
    return row


def _label(key: Key, board: Board) -> str:
    if key.id == "hold" and (board.sample.held or (board.rollout is not None and board.rollout.held_before)):
        return "go on"
    return key.label
