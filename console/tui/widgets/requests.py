"""Panel 2: the ledger of the synthetic requests, their latency, and a strip of what they met, bucket by bucket.

While a drop is in the strip the latest failures are listed, too, if need be instead of the latency chart.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from console.cli.render.durations import clock
from console.model.load import Failure, Totals
from console.observe.bucket import Bucket
from console.observe.requests import RequestsView
from console.tui.arrangement import PanelName
from console.tui.board import Board
from console.tui.glyphs import Glyphs
from console.tui.names import milliseconds, success
from console.tui.paint import Line, Rows, Span, Tone, line, spread, toned, width_of

_LABEL = 11
"""Columns right of the strips for what they are."""
_TALL = 6
"""Rows of chart from which half of them list failures, however long ago those were."""
_NAMED = ("rollback", "cutover", "drain", "restore", "apply", "restored", "end")
"""Moments that have a name below the strip, the most important one first."""
_NAMELESS = len(_NAMED) + 1
"""The rank of all others: their sign is enough."""
_CLOSE = 3
"""Columns within which a less important moment gives its place to another one's name; a rollback's goes anywhere."""
_ASIDE = 9
"""Columns that a name may stand off its sign."""
_SCALES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Tops of the latency chart in seconds: it starts at 0 and never zooms in, so that a small change looks small."""


def requests_rows(board: Board, width: int, height: int) -> Rows:
    """The ledger first, then as much of the strips as there is room for, then the last failures, newest first."""
    view, load = board.sample.requests, board.sample.load
    if view is None or view.totals is None:
        can = not board.read_only
        text = (
            f"{board.shown('load')} sends synthetic requests here and counts every drop"
            if can
            else "no load is running"
        )
        return (line(("no data", Tone.DIM)), line((text, Tone.DIM)))
    rows = [_ledger(view.totals, width), _latencies(view, view.totals, width)]
    if load.on and (view.problem or load.problem):
        rows[1] = line(("no data: ", Tone.WARN), (view.problem or load.problem, Tone.WARN))
    shown = _settled(view.buckets)[-max(1, width - _LABEL) :]
    room = max(1, height - len(rows) - 2)
    listed = _listed(view, shown, room)
    rows += _latency_chart(shown, room - listed, width, board.glyphs)
    rows.append(_outcomes(shown, width, board))
    rows.append(_marks(shown, width, board.glyphs))
    rows += [_failure(failure, view, width) for failure in view.failures[: -listed - 1 : -1]]
    return tuple(rows[:height])


def requests_title(board: Board) -> Line:
    """What is sent, how fast."""
    load = board.sample.load
    if not load.on:
        return ()
    path = urlsplit(load.url).path or "/"
    return line((f"GET {path}  {load.rate:g}/s", Tone.PLAIN if load.rate else Tone.WARN))


def requests_note(board: Board) -> Line:
    """That the load is off while its figures are still there, and how to see more failures."""
    view = board.sample.requests
    if view is None:
        return ()
    more = f"{PanelName.REQUESTS.number} {board.shown('zoom')} lists the failures" if view.failures else ""
    off = "" if board.sample.load.on else "off"
    note = "  ".join(filter(None, (more, off)))
    return line((note, Tone.DIM)) if note else ()


def _listed(view: RequestsView, shown: tuple[Bucket, ...], room: int) -> int:
    """How many failures are listed, of so many rows that the latency chart would have else."""
    if room < _TALL and not any(bucket.dropped for bucket in shown):
        return 0
    return min(len(view.failures), max(1, room // 2))


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
    rows: list[Line] = []
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
    """Under the exact bucket: what the rollout did then.

    Every moment has its sign; the most important ones are named beside it, right of those that follow at once.
    """
    ticks = [place for place, bucket in enumerate(buckets) if bucket.marks]
    row = [" "] * width
    for place in ticks:
        row[place] = glyphs.mark
    ranks = {place: min(map(_rank, buckets[place].marks)) for place in ticks}
    for place in sorted(ticks, key=lambda place: (ranks[place], -place)):
        text = min(buckets[place].marks, key=_rank)
        if ranks[place] == _NAMELESS:
            break
        for start in range(place + 1, min(place + _ASIDE, width)):
            rank = ranks.get(start, _NAMELESS)
            if rank <= ranks[place] or (ranks[place] and rank < _NAMELESS and start - place >= _CLOSE):
                break  # beyond it the name would be read as that moment's
            if _free(row, start, len(text)):
                row[start : start + len(text)] = text
                break
    return line(("".join(row).rstrip(), Tone.DIM))


def _rank(text: str) -> int:
    """How important a moment's name is, 0 the most."""
    if text.endswith(" serves"):
        return len(_NAMED)
    return _NAMED.index(text) if text in _NAMED else _NAMELESS


def _free(row: list[str], start: int, size: int) -> bool:
    """Whether a name fits there, beside a sign and away from other names."""
    before, after = row[start - 1], row[start + size : start + size + 1]
    return set(row[start : start + size]) == {" "} and not before.isalnum() and not "".join(after).isalnum()


def _failure(failure: Failure, view: RequestsView, width: int) -> Line:
    """When, what, whose answer, on which connection, in which phase; the least telling goes where there is no room."""
    at = clock(datetime.fromtimestamp(failure.at, UTC).isoformat())
    attempt = failure.attempt
    how = f"{attempt.kind.value}{f' {failure.status}' if failure.status else ''}"
    stage = f" at {attempt.stage.value}"
    colors = {share.color for bucket in view.buckets for share in bucket.shares if share.release == failure.release}
    color = colors.pop() if len(colors) == 1 else ""
    who = f"{color} {failure.release}" if color else failure.release
    rest = f", {'reused' if attempt.reused else 'fresh'}, {failure.phase or 'at rest'}"
    row: Line = ()
    for where, whose in ((stage, who), ("", who), ("", color or who)):
        row = line((f"{at} ", Tone.DIM), (f"{how}{where}", Tone.BAD), f", {whose}{rest}")
        if width_of(row) <= width:
            break
    return row
