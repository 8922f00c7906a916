"""What a run of the load generator came to, for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from console.cli.render.clean import clean
from console.cli.render.receipt_failures import since
from console.cli.render.style import Mark, Style
from console.load.thresholds import Threshold
from console.model.histogram import Histogram
from console.model.load import Arrivals, Failure, Group, LoadConfig, NotSent, Retry, Summary, Totals
from console.model.load_totals import merged

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
_HEADINGS = ("p50", "p90", "p95", "p99", "p99.9", "max")
_BY_WEIGHT = (0, 3, 5, 1, 4, 2)
"""The same by what is told first where there is little room."""
_NAME, _FIGURE = 10, 9
"""Columns of that table."""
_NAMES, _RELEASE, _SHORTEST_NAME = 3, 1, 6
"""Of the table by release: how many columns are names, which of them may be cut, and to what."""
_LAGGING = 0.01
"""Seconds of p99 lag from which on the generator itself falsifies what it measures."""
_LISTED = 10
_REDIRECTS = range(300, 400)


def summary_text(run: Summary, config: LoadConfig, thresholds: Sequence[Threshold], style: Style) -> str:
    """The end of a run, to be read from the top: the verdict, then what it rests on."""
    whole = merged(run.groups)
    parts = [
        [
            style.bold(clean(f"{run.method} {run.url}")),
            *style.fold(f"{_how(run, config)}; {run.reason.value}", first=0, indent=0),
        ],
        _verdict(run, style),
        _times(whole, run, style),
        _split(run.groups, style),
        [line for told in _details(run, whole) for line in style.hang(told, indent=2)],
        _failures(run, style),
        [line for threshold in thresholds for line in _threshold(threshold, run, style)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def partial_text(totals: Totals, reason: str, style: Style) -> str:
    """A run that was cut off before what was in flight had ended: why, and what it came to as last reported."""
    known = (
        f"{totals.dropped:,} dropped of {totals.done:,} with an outcome, ok {totals.ok:,}, "
        f"unexpected {totals.unexpected:,}, not sent {totals.not_sent:,}"
    )
    lines = [
        style.mark(Mark.WARNING, "cut off: this is not the whole run"),
        *style.fold(clean(reason), first=2, indent=2),
        *style.fold(known, first=0, indent=2),
        *style.fold(f"{totals.in_flight:,} in flight, whose outcome is unknown", first=0, indent=2),
    ]
    return "".join(f"{line}\n" for line in lines)


def outcome(totals: Totals, suspended: float) -> tuple[Mark, str]:
    """The headline: what is lost of what has an outcome.

    Where nothing came back well, not everything was sent, or this command was stopped for a while (seconds), it is no
    good news.
    """
    if not totals.done:
        return Mark.WARNING, "no data: nothing has an outcome yet"
    mark, doubt = _judged(totals, suspended)
    return mark, f"{totals.dropped:,} dropped / {totals.done:,}{doubt}"


def _judged(totals: Totals, suspended: float) -> tuple[Mark, str]:
    """What the number of drops is worth, and what is to be said behind it."""
    if totals.dropped:
        return Mark.FAILED, ""
    if not totals.ok:
        return Mark.WARNING, ", and no good answer"
    if totals.not_sent or suspended:
        return Mark.WARNING, ": no proof"
    return Mark.DONE, ""


def milliseconds(seconds: float | None) -> str:
    """`0.12`, `8.4`, `1,003` - always in milliseconds, so that columns compare; a dash for no value."""
    if seconds is None:
        return "-"
    value = seconds * 1000
    digits = 2 if value < 1 else 1 if value < 100 else 0  # noqa: PLR2004 - three figures are enough
    return f"{value:,.{digits}f}"


def _how(run: Summary, config: LoadConfig) -> str:
    arrivals = "Poisson arrivals" if run.arrivals is Arrivals.POISSON else "constant"
    return (
        f"{run.address}, {arrivals}, {run.rate:,.1f}/s for {run.elapsed - run.suspended:.1f} s, "
        f"{config.connections} kept-alive connections, {config.fresh_share:.0%} of the requests on fresh ones"
    )


def _verdict(run: Summary, style: Style) -> list[str]:
    totals = run.totals
    lines = []
    if not totals.sent:
        lines.append(style.mark(Mark.WARNING, "no data: nothing was sent"))
    else:
        mark, doubt = _judged(totals, run.suspended)
        text = f"{totals.dropped:,} dropped of {totals.sent:,} sent{doubt}"
        lines += style.hang(style.mark(mark, text), indent=2)
        if totals.dropped:
            note = f"(a browser's one retry would leave {totals.dropped_for_browsers:,})"
            if len(text) + len(note) + 5 <= style.terminal.width:  # the mark, and three blanks between them
                lines[-1] += f"   {note}"
            else:
                lines += style.hang(f"  {note}", indent=2)
    if totals.unexpected:
        text = f"unexpected {totals.unexpected:,}: neither good nor dropped"
        lines += style.hang(style.mark(Mark.WARNING, text), indent=2)
    if run.suspended:
        text = f"no data for {run.suspended:.1f} s: this command was stopped, and sent nothing meanwhile"
        lines += style.hang(style.mark(Mark.WARNING, text), indent=2)
    if totals.not_sent:
        fault = "the run is invalid, by this generator's own fault, not the target's"
        text = f"{totals.not_sent:,} not sent ({_reasons(run)}): {fault}"
        lines += style.hang(style.mark(Mark.WARNING, text), indent=2)
    lag = run.lag.quantile(0.99)
    if lag is not None and lag > _LAGGING:
        text = f"the generator lagged behind its schedule: p99 {milliseconds(lag)} ms"
        lines += style.hang(style.mark(Mark.WARNING, text), indent=2)
    redirects = sum(n for group in run.groups for status, n in group.statuses.items() if status in _REDIRECTS)
    if redirects:
        lines.append(style.mark(Mark.NOTE, f"{redirects:,} redirects, not followed"))
    counted = (
        f"ok {totals.ok:,}, unexpected {totals.unexpected:,}, slow {totals.slow:,} (and {totals.slow_connects:,} slow "
        f"connects), recycled {totals.stale:,}"
    )
    return lines + style.hang(counted, indent=2)


def _reasons(run: Summary) -> str:
    sums: dict[NotSent, int] = {}
    for phase in run.phases:
        for reason, count in phase.not_sent.items():
            sums[reason] = sums.get(reason, 0) + count
    return ", ".join(f"{reason.value} {count:,}" for reason, count in sums.items())


def _times(whole: Group, run: Summary, style: Style) -> list[str]:
    rows = (("latency", whole.latency), ("service", whole.service), ("send lag", run.lag))
    room = max(1, (style.terminal.width - _NAME) // _FIGURE)
    shown = sorted(_BY_WEIGHT[:room])
    return [
        "ms".ljust(_NAME) + "".join(_HEADINGS[i].rjust(_FIGURE) for i in shown),
        *(
            name.ljust(_NAME) + "".join(figures[i].rjust(_FIGURE) for i in shown)
            for name, figures in ((name, _figures(histogram)) for name, histogram in rows)
        ),
    ]


def _figures(histogram: Histogram) -> list[str]:
    return [milliseconds(value) for value in (*histogram.quantiles(SHARES), histogram.maximum)]


def _split(groups: Iterable[Group], style: Style) -> list[str]:
    listed = list(groups)
    if len(listed) < 2:  # noqa: PLR2004 - one group is the whole
        return []
    rows = [("phase", "release", "color", "answered", "dropped", "p50", "p99")]
    for group in listed:
        p50, p99 = group.latency.quantiles((0.5, 0.99))
        answered = f"{group.ok + group.unexpected:,}"
        names = (clean(group.phase) or "-", clean(group.release), clean(group.color) or "-")
        rows.append((*names, answered, f"{group.dropped:,}", milliseconds(p50), milliseconds(p99)))
    if not any(group.phase for group in listed):
        rows = [("", *row[1:]) for row in rows]
    return _table(rows, style)


def _table(rows: Sequence[tuple[str, ...]], style: Style) -> list[str]:
    """Rows with three names first; where there is too little room, columns come closer, then releases are cut."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    shown = [column for column, width in enumerate(widths) if width]
    others = sum(widths[column] for column in shown if column != _RELEASE)
    gap = 2 if others + widths[_RELEASE] + 2 * (len(shown) - 1) <= style.terminal.width else 1
    widths[_RELEASE] = max(
        _SHORTEST_NAME, min(widths[_RELEASE], style.terminal.width - others - gap * (len(shown) - 1))
    )
    return [
        (" " * gap).join(_cell(style.fit(row[i], widths[i]), widths[i], left=i < _NAMES) for i in shown).rstrip()
        for row in rows
    ]


def _cell(text: str, width: int, *, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)


def _details(run: Summary, whole: Group) -> list[str]:
    statuses = ", ".join(f"{status} x {count:,}" for status, count in whole.statuses.items()) or "none"
    share = run.cpu_seconds / run.elapsed if run.elapsed > 0 else 0.0
    lines = [f"statuses: {statuses}", f"the generator used {share:.1%} of a core, {run.totals.opened:,} connections"]
    for attempt, count in sorted(whole.attempts, key=lambda item: -item[1]):
        retry = " (of the retry)" if attempt.retry else ""
        reuse = "reused" if attempt.reused else "fresh"
        lines.append(f"{count:>9,}  {attempt.kind.value} at {attempt.stage.value}, {reuse} connection{retry}")
    return lines


def _failures(run: Summary, style: Style) -> list[str]:
    if not run.failures:
        return []
    shown = run.failures[-_LISTED:]
    count = len(run.failures) + run.failures_omitted
    return [
        f"last failures ({len(shown)} of {count:,}):",
        *(line for failure in shown for line in style.hang(f"  {failure_text(failure)}", indent=4)),
    ]


def failure_text(failure: Failure) -> str:
    """One failed request, in a line."""
    at = datetime.fromtimestamp(failure.at, tz=UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    attempt = failure.attempt
    kind = (
        f"status {failure.status}" if failure.status is not None else f"{attempt.kind.value} at {attempt.stage.value}"
    )
    age = f"{milliseconds(failure.age)} ms {since(attempt.stage.value)}"
    words = [f"{at} {kind}", age, "reused" if attempt.reused else "fresh"]
    words.append(f"by {failure.release}" if failure.status is not None else failure.release)
    if failure.last_release:
        words.append(f"before: {failure.last_release}")
    if failure.phase:
        words.append(f"phase {failure.phase}")
    if failure.retry is not Retry.NOT_ALLOWED:
        words.append(f"retry {failure.retry.value}")
    if failure.detail:
        words.append(failure.detail)
    return clean(", ".join(words))


def found(threshold: Threshold, run: Summary) -> str:
    """What the run measured of a threshold."""
    value = threshold.value(run)
    if value is None:
        return "no data"
    if math.isinf(value):
        return f"beyond any limit, since {run.totals.dropped:,} of {run.totals.sent:,} were dropped"
    if threshold.share:
        return f"{value:.3%}"
    if threshold.metric == "rate" or float(value).is_integer():
        return f"{value:,.6g}"
    return f"{milliseconds(value)} ms"


def _threshold(threshold: Threshold, run: Summary, style: Style) -> list[str]:
    mark = Mark.FAILED if threshold.crossed(run) else Mark.DONE
    return style.hang(f"{style.mark(mark, threshold.text)}: {found(threshold, run)}", indent=2)
