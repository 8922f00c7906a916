"""Panel 3: the upstream three ways (file, live, state), what clients see, and who still finishes requests."""

from __future__ import annotations

from console.model.color import Color
from console.observe.view import Source
from console.tui.board import Board
from console.tui.names import percent, took
from console.tui.paint import Line, Rows, Tone, line, spread, toned, width_of, wrapped

_LABEL = 6
"""Columns of what a row is about."""
_SEEN = 3
"""Place of the row of what clients see."""


def upstream_rows(board: Board, width: int, height: int) -> Rows:
    """One row for each way to look at it, and why there is nothing to be seen."""
    status, view = board.status, board.sample.view
    if status is None or view is None:
        return (line(("waiting for the proxy", Tone.DIM)),)
    good: Line = line((board.glyphs.good, Tone.GOOD))
    agreed = status.drift is None and status.live_generation is not None
    mark = good if agreed else line((board.glyphs.bad, Tone.BAD)) if board.drift else ()
    fallback = line(("missing", Tone.BAD)) if board.drift else line(("none yet", Tone.DIM))
    rows = [
        spread(line("file  "), (), 6) + (_side(status.file_color, status.file_generation) or fallback),
        spread(line("live  ") + _live(board, width - _LABEL - width_of(mark)), mark, width),
        spread(line("state ") + _color(status.recorded), mark, width),
        line("seen  ", *_seen(board)),
        line(_workers(status.workers, status.old_workers)),
    ]
    if not status.problem:
        return tuple(rows[:height])
    if not (status.workers or status.old_workers):
        del rows[-1]  # nothing is known of them
    why = wrapped([line((word, Tone.BAD)) for word in status.problem.split()], width)
    if len(rows) + len(why) > height and not status.serving:
        del rows[_SEEN]  # that nobody answers is what the reason is for
    return (*rows, *why)[:height]


def upstream_title(board: Board) -> Line:
    """The proxy's kind, while nothing more important has to stand there."""
    return () if upstream_note(board) else line((board.facts.proxy if board.facts else "", Tone.DIM))


def upstream_note(board: Board) -> Line:
    """DRIFT, or how old what is shown is."""
    view = board.sample.view
    if view is None:
        return ()
    if view.drift is not None:
        return line(("moving", Tone.WARN)) if view.drift.moving else line(("DRIFT", Tone.ALARM))
    sight = view.sights.get(Source.PROXY)
    if sight is not None and sight.problem:
        age = sight.age(board.monotonic)
        return line(("unseen" if age is None else f"{took(age)} old", Tone.WARN))
    return ()


def upstream_alarmed(board: Board) -> bool:
    """Whether the three disagree and no rollout is moving them."""
    return board.drift is not None


def _side(color: Color | None, generation: int | None) -> Line:
    if generation is None:
        return ()
    name = color.value if color else "fallback"
    return line((f"{name:<6}", toned(name)), f" {generation:>4}")


def _live(board: Board, width: int) -> Line:
    status, view = board.status, board.sample.view
    if status is None or view is None:
        return ()
    if status.live_generation is not None:
        return _side(status.live_color or status.serving, status.live_generation)
    if view.last_live is not None:
        was = view.last_live.color.value if view.last_live.color else "fallback"
        row = line(("gone", Tone.BAD), (f" was {was}", Tone.DIM))
        return row if width_of(row) <= width else line(("gone, ", Tone.BAD), (was, Tone.DIM))
    return line(("no answer", Tone.BAD))


def _color(color: Color | None) -> Line:
    return line((color.value, toned(color.value))) if color else line(("missing", Tone.WARN))


def _seen(board: Board) -> Line:
    """What clients get: by the load's answers, else by the address that answered our own look."""
    requests = board.sample.requests
    if requests is not None and board.sample.load.on:
        shares = [(color, requests.share_of(color)) for color in Color]
        shown = [(color, share) for color, share in shares if share]
        if shown:
            if len(shown) == 1:
                ((color, share),) = shown
                return line((color.value, toned(color.value)), f" {percent(share)}")
            ends = (" ", "")  # not a column to spare
            return tuple(
                (f"{color.value[0]} {share * 100:.0f} %{end}", toned(color.value))
                for (color, share), end in zip(shown, ends, strict=True)
            )
        if not requests.untold:
            return line(("no data", Tone.DIM))
    serving = board.status.serving if board.status else None
    return (
        line((serving.value, toned(serving.value)), (" answers", Tone.DIM)) if serving else line(("nobody", Tone.BAD))
    )


def _workers(accepting: int, old: int) -> str:
    if not accepting and not old:
        return "workers -"
    return f"workers {accepting} + {old} old" if old else f"workers {accepting}"
