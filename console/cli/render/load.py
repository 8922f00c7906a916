"""What a run of the load generator came to, for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from console.cli.render.clean import clean
from console.cli.render.style import Mark, Style
from console.load.thresholds import Threshold
from console.model.histogram import Histogram
from console.model.load import Arrivals, Failure, Group, LoadConfig, NotSent, Retry, Stage, Summary, Totals
from console.model.load_totals import merged

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
_HEADINGS = ("p50", "p90", "p95", "p99", "p99.9", "max")
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
        _times(whole, run),
        _split(run.groups),
        _details(run, whole),
        _failures(run, style),
        [line for threshold in thresholds for line in _threshold(threshold, run, style)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def partial_text(totals: Totals, reason: str, style: Style) -> str:
    """A run that was cut off before what was in flight had ended: why, and what it came to as last reported."""
    known = totals.sent - totals.in_flight
    lines = [
        style.mark(Mark.WARNING, "cut off: this is not the whole run"),
        *style.fold(clean(reason), first=2, indent=2),
        (
            f"{totals.dropped:,} dropped of {known:,} with an outcome, ok {totals.ok:,}, "
            f"unexpected {totals.unexpected:,}, not sent {totals.not_sent:,}"
        ),
        f"{totals.in_flight:,} in flight, whose outcome is unknown",
    ]
    return "".join(f"{line}\n" for line in lines)


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
        good = totals.dropped == 0
        text = f"{totals.dropped:,} dropped of {totals.sent:,} sent"
        lines.append(style.mark(Mark.DONE if good else Mark.FAILED, text))
        if not good:
            lines[-1] += f"   (a browser's one retry would leave {totals.dropped_for_browsers:,})"
    if run.suspended:
        text = f"no data for {run.suspended:.1f} s: this command was stopped, and sent nothing meanwhile"
        lines.append(style.mark(Mark.WARNING, text))
    if totals.not_sent:
        reasons = _reasons(run)
        lines.append(style.mark(Mark.WARNING, f"{totals.not_sent:,} not sent ({reasons}): the run is invalid,"))
        lines.append("  by this generator's own fault, not the target's")
    lag = run.lag.quantile(0.99)
    if lag is not None and lag > _LAGGING:
        lines.append(style.mark(Mark.WARNING, f"the generator lagged behind its schedule: p99 {milliseconds(lag)} ms"))
    redirects = sum(n for group in run.groups for status, n in group.statuses.items() if status in _REDIRECTS)
    if redirects:
        lines.append(style.mark(Mark.NOTE, f"{redirects:,} redirects, not followed"))
    lines.append(
        f"ok {totals.ok:,}, unexpected {totals.unexpected:,}, slow {totals.slow:,} (and {totals.slow_connects:,} slow "
        f"connects), recycled {totals.stale:,}"
    )
    return lines


def _reasons(run: Summary) -> str:
    sums: dict[NotSent, int] = {}
    for phase in run.phases:
        for reason, count in phase.not_sent.items():
            sums[reason] = sums.get(reason, 0) + count
    return ", ".join(f"{reason.value} {count:,}" for reason, count in sums.items())


def _times(whole: Group, run: Summary) -> list[str]:
    rows = (("latency", whole.latency), ("service", whole.service), ("send lag", run.lag))
    return [
        "ms".ljust(10) + "".join(heading.rjust(9) for heading in _HEADINGS),
        *(name.ljust(10) + "".join(cell.rjust(9) for cell in _figures(histogram)) for name, histogram in rows),
    ]


def _figures(histogram: Histogram) -> list[str]:
    return [milliseconds(value) for value in (*histogram.quantiles(SHARES), histogram.maximum)]


def _split(groups: Iterable[Group]) -> list[str]:
    listed = list(groups)
    if len(listed) < 2:  # noqa: PLR2004 - one group is the whole
        return []
    rows = [("phase", "release", "color", "answered", "dropped", "p50", "p99")]
    for group in listed:
        p50, p99 = group.latency.quantiles((0.5, 0.99))
        answered = f"{group.ok + group.unexpected:,}"
        names = (clean(group.phase) or "-", clean(group.release), clean(group.color) or "-")
        rows.append((*names, answered, f"{group.dropped:,}", milliseconds(p50), milliseconds(p99)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(_cell(row[i], widths[i], left=i < 3) for i in range(len(widths))).rstrip() for row in rows]  # noqa: PLR2004


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
    since = "in the connect" if attempt.stage is Stage.CONNECT else "after sending"
    words = [f"{at} {kind}", f"{milliseconds(failure.age)} ms {since}", "reused" if attempt.reused else "fresh"]
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


def _threshold(threshold: Threshold, run: Summary, style: Style) -> list[str]:
    value = threshold.value(run)
    crossed = threshold.crossed(run)
    if value is None:
        found = "no data"
    elif math.isinf(value):
        found = f"beyond any limit, since {run.totals.dropped:,} of {run.totals.sent:,} were dropped"
    elif threshold.share:
        found = f"{value:.3%}"
    elif threshold.metric == "rate" or float(value).is_integer():
        found = f"{value:,.6g}"
    else:
        found = f"{milliseconds(value)} ms"
    return [f"{style.mark(Mark.FAILED if crossed else Mark.DONE, threshold.text)}: {found}"]
