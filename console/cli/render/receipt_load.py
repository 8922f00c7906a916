"""The synthetic requests of a receipt. They judge synthetic traffic only, and say so."""

from __future__ import annotations

from collections.abc import Sequence

from console.cli.render.clean import clean
from console.cli.render.durations import duration
from console.cli.render.load import milliseconds
from console.cli.render.style import Style
from console.model.load_totals import add_counts
from console.model.receipt_load import LoadLine, ReceiptLoad

Row = tuple[str, ...]
Table = Sequence[Row]
"""Rows of equal length, the heads first."""

_SHORTEST_NAME = 8
_HEADS = ("done", "dropped", "browser", "4xx", "slow", "p50 ms", "p99 ms", "max ms")


def headline(load: ReceiptLoad) -> str:
    """Dropped requests, not a percentage; or why the load says nothing."""
    counted = f"{load.dropped:,} dropped / {load.due:,}"
    return f"no proof, {load.doubt} ({counted})" if load.doubt else counted


def facts_of_load(load: ReceiptLoad) -> list[tuple[str, str]]:
    """Names and values that every rendering shows."""
    found = [
        ("load", f"{_rate(load)} to {load.url}"),
        ("requests", headline(load)),
        ("browser", f"{load.dropped_for_browsers:,} dropped as a browser sees it" if load.recovered else ""),
        ("not sent", _not_sent(load)),
        ("gap", f"no data for {duration(load.suspended)}: the rollout itself was stopped" if load.suspended else ""),
        ("statuses", _statuses(load)),
        ("attempts", _attempts(load)),
        ("connects", f"{load.slow_connects:,} took 1 s and more: a full accept queue" if load.slow_connects else ""),
        ("recycled", f"{load.stale:,} idle connections were found closed before use" if load.stale else ""),
        ("stray", f"{load.stray:,} idle connections brought bytes that nobody asked for" if load.stray else ""),
        ("send lag", f"p99 {milliseconds(load.lag_p99)} ms" if load.lag_p99 is not None else ""),
    ]
    return [(name, clean(value)) for name, value in found if value]


def _rate(load: ReceiptLoad) -> str:
    changed = load.rate_at_end is not None and load.rate_at_end != load.rate
    return f"{load.rate:g} synthetic requests/s{f', in the end {load.rate_at_end:g}/s,' if changed else ''}"


def _not_sent(load: ReceiptLoad) -> str:
    if not load.not_sent:
        return ""
    reasons = [
        f"{line.name} {count:,} of {line.due or 0:,} due ({reason})"
        for line in load.by_phase
        for reason, count in line.not_sent
    ]
    return "; ".join([f"{load.not_sent:,}: the generator's own limit, never the stack's fault", *reasons])


def _statuses(load: ReceiptLoad) -> str:
    """Every status with its answers; a redirect is one of them, since none is followed."""
    counts: dict[int, int] = {}
    for line in load.by_phase:
        add_counts(counts, line.statuses)
    return ", ".join(f"{status} x {count:,}" for status, count in sorted(counts.items()))


def _attempts(load: ReceiptLoad) -> str:
    """Failed attempts by kind: the raw truth under the drops."""
    return ", ".join(
        f"{one.kind} at {one.stage} on a {one.connection} connection{' (retry)' if one.retry else ''} x {one.count:,}"
        for one in load.attempts
    )


def tables(load: ReceiptLoad) -> list[Table]:
    """The requests by phase, with how many of them were due, and by release, which only an answer can name."""
    phases = [(clean(line.name) or "(before)", _due(line), *_numbers(line)) for line in load.by_phase]
    releases = [(clean(line.name) or "(before)", *_numbers(line)) for line in load.by_release]
    return [[("phase", "due", *_HEADS), *phases], [("release", *_HEADS), *releases]]


def aligned(load: ReceiptLoad, style: Style, *, width: int) -> list[list[str]]:
    """The tables, one below the other in the same columns.

    Names stand to the left. Where the numbers to the right need the room, columns come closer, then names are cut.
    """
    by_phase, by_release = tables(load)
    parts = [by_phase, [(name, "", *rest) for name, *rest in by_release]]
    rows = [row for part in parts for row in part]
    names, *numbers = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    phases = max(len(row[0]) for row in by_phase)
    gap = 2 if phases + sum(numbers) + 2 * len(numbers) <= width else 1
    names = max(_SHORTEST_NAME, min(names, width - sum(numbers) - gap * len(numbers)))
    return [[_line(row, names, numbers, gap, style) for row in part] for part in parts]


def _line(row: Row, names: int, numbers: list[int], gap: int, style: Style) -> str:
    cells = [f"{style.fit(row[0], names):<{names}}", *map(str.rjust, row[1:], numbers)]
    return (" " * gap).join(cells).rstrip()


def _due(line: LoadLine) -> str:
    """How many were due; nothing in a receipt of before this was kept."""
    return "" if line.due is None else f"{line.due:,}"


def _numbers(line: LoadLine) -> Row:
    known = [seconds for seconds in (line.p50, line.p99, line.highest) if seconds is not None]
    times = [milliseconds(seconds) for seconds in known] or ["no data", "", ""]
    return (
        f"{line.done:,}",
        f"{line.dropped:,}",
        f"{line.dropped - line.recovered:,}",
        f"{line.unexpected:,}",
        f"{line.slow:,}",
        *times,
    )
