"""Panel 2: the ledger of the synthetic requests, their latency, and a strip of what they met, bucket by bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from console.cli.render.durations import clock
from console.model.load import Failure, Totals
from console.observe.bucket import Bucket
from console.observe.requests import RequestsView
from console.tui.board import Board
from console.tui.glyphs import Glyphs
from console.tui.names import milliseconds, success
from console.tui.paint import Line, Rows, Span, Tone, line, spread, toned, width_of

_LABEL = 11
"""Columns right of the strips for what they are."""
_LISTED = 4
"""Failures that are listed where there is room."""
_TALL = 7
_SCALES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Tops of the latency chart in seconds: it starts at 0 and never zooms in, so that a small change looks small."""


def requests_rows(board: Board, width: int, height: int) -> Rows:
    """The ledger first, then as much of the strips as there is room for, then the last failures."""
    view, load = board.sample.requests, board.sample.load
    if view is None or view.totals is None:
        can = not board.read_only
        text = "L sends synthetic requests here and counts every drop" if can else "no load is running"
        return (line(("no data", Tone.DIM)), line((text, Tone.DIM)))
    rows = [_ledger(view.totals, width), _latencies(view, view.totals, width)]
    if load.on and (view.problem or load.problem):
        rows[1] = line(("no data: ", Tone.WARN), (view.problem or load.problem, Tone.WARN))
    room = height - len(rows)
    listed = min(_LISTED, len(view.failures)) if room > _TALL else 0
    chart = max(1, room - 2 - listed)
    shown = _settled(view.buckets)[-max(1, width - _LABEL) :]
    rows += _latency_chart(shown, chart, width, board.glyphs)
    rows.append(_outcomes(shown, width, board))
    rows.append(_marks(shown, width, board.glyphs))
    rows += [_failure(failure) for failure in reversed(view.failures)]
    return tuple(rows[:height])


def requests_title(board: Board) -> Line:
    """What is sent, how fast."""
    load = board.sample.load
    if not load.on:
        return ()
    path = urlsplit(load.url).path or "/"
    return line((f"GET {path}  {load.rate:g}/s", Tone.PLAIN if load.rate else Tone.WARN))


def requests_note(board: Board) -> Line:
    """That the load is off while its figures are still there."""
    if board.sample.requests is not None and not board.sample.load.on:
        return line(("off", Tone.DIM))
    return ()


def _settled(buckets: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """Without the newest bucket while nothing came for it so far: that is no gap yet."""
    return buckets[:-1] if buckets and not buckets[-1].measured else buckets


def _ledger(totals: Totals, width: int) -> Line:
    dropped = (f"{totals.dropped:,} dropped", Tone.ALARM if totals.dropped else Tone.STRONG)
    left = line(dropped, f" / {totals.done:,}")
    if totals.dropped:
        left = (*left, *line((f"  browser {totals.dropped_for_browsers:,}", Tone.BAD)))
    if totals.not_sent:
        return spread(left, line((f"INVALID: {totals.not_sent:,} not sent", Tone.WARN)), width)
    if totals.unexpected:
        left = (*left, *line((f"  {totals.unexpected:,} unexpected", Tone.WARN)))
    return spread(left, line((success(totals.dropped, totals.done), Tone.BAD if totals.dropped else Tone.PLAIN)), width)


def _latencies(view: RequestsView, totals: Totals, width: int) -> Line:
    recent = view.recent
    if recent.p50 is None:
        return line(("no answer in the last 10 s", Tone.WARN))
    figures = (("p50", recent.p50), ("p90", recent.p90), ("p99", recent.p99), ("max", recent.maximum))
    row = line(*(part for name, value in figures for part in ((f"{name} ", Tone.DIM), f"{milliseconds(value)}  ")))
    flying = line((f"{totals.in_flight} in flight", Tone.DIM))
    return spread((*row, ("ms", Tone.DIM)), flying if width_of(row) + width_of(flying) + 4 <= width else (), width)


def _latency_chart(buckets: tuple[Bucket, ...], height: int, width: int, glyphs: Glyphs) -> list[Line]:
    highest = max((bucket.p99 or 0.0 for bucket in buckets), default=0.0)
    top = next((scale for scale in _SCALES if scale >= highest), _SCALES[-1])
    steps = len(glyphs.bars)
    rows = []
    for level in range(height - 1, -1, -1):
        cells = ""
        for bucket in buckets:
            if bucket.p99 is None:
                cells += glyphs.nothing if level == 0 and not bucket.measured else " "
                continue
            filled = round(min(1.0, bucket.p99 / top) * steps * height)
            part = max(1, filled) - level * steps if level == 0 else filled - level * steps
            cells += " " if part <= 0 else glyphs.bars[min(part, steps) - 1]
        label = f"p99 <{milliseconds(top)}ms" if level == height - 1 else ""
        rows.append(line((f"{cells:<{max(0, width - _LABEL)}}", Tone.PLAIN), (f" {label}"[:_LABEL], Tone.DIM)))
    return rows


def _outcomes(buckets: tuple[Bucket, ...], width: int, board: Board) -> Line:
    """Who answered, one sign a bucket; a bucket with a drop is marked as such, whoever answered the rest."""
    glyphs = board.glyphs
    row: list[Span] = []
    for bucket in buckets:
        sign, tone = _outcome(bucket, glyphs)
        if row and row[-1][1] is tone:
            sign = row.pop()[0] + sign
        row.append((sign, tone))
    row.append((" " * max(0, width - _LABEL - len(buckets)), Tone.PLAIN))
    seen = list(dict.fromkeys(share.color for bucket in buckets[-8:] for share in bucket.shares if share.color))
    names = f" {glyphs.arrow} ".join(seen[:1]) if len(seen) == 1 else "both"
    return (*row, *line((f" {names if seen else ''}"[:_LABEL], toned(seen[0]) if len(seen) == 1 else Tone.DIM)))


def _outcome(bucket: Bucket, glyphs: Glyphs) -> Span:
    if bucket.dropped:
        return glyphs.bad, Tone.ALARM
    if not bucket.measured:
        return glyphs.pending if bucket.later else glyphs.nothing, Tone.DIM
    color = bucket.shares[0].color if bucket.shares else ""
    return glyphs.share.get(color, glyphs.other), toned(color)


def _marks(buckets: tuple[Bucket, ...], width: int, glyphs: Glyphs) -> Line:
    """Under the exact bucket: what the rollout did then."""
    row, column = "", 0
    for place, bucket in enumerate(buckets):
        for text in bucket.marks[:1]:
            label = f"{glyphs.mark}{text}"
            if place >= column:
                row = f"{row:<{place}}{label}"
                column = place + len(label) + 1
    return line((row[:width], Tone.DIM))


def _failure(failure: Failure) -> Line:

    at = clock(datetime.fromtimestamp(failure.at, UTC).isoformat())
    attempt = failure.attempt
    how = f"{attempt.kind.value}{f' {failure.status}' if failure.status else ''} at {attempt.stage.value}"
    connection = "reused" if attempt.reused else "fresh"
    where = failure.phase or "at rest"
    return line((f"{at} ", Tone.DIM), (how, Tone.BAD), f", {connection}, {failure.release}, {where}")
