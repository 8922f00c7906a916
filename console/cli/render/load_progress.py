"""A run of the load generator while it lasts: one screen, or one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.cli.render.clean import clean
from console.cli.render.load import SHARES, milliseconds, outcome
from console.cli.render.style import Mark, Style
from console.model.histogram import Histogram
from console.model.load import Snapshot
from console.model.load_totals import LoadSum, merged

_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = ".:-=+*#@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known at one moment."""

    url: str
    duration: float
    elapsed: float
    """Seconds of the schedule; it stands still once no more is sent."""
    snapshot: Snapshot
    total: LoadSum
    recent: Sequence[float | None]
    """p99 of the last moments, oldest first; None where nothing was answered."""
    over: bool
    """No more is sent: what is in flight is waited for."""
    ending: str
    """What that waits for; empty for nothing."""
    problem: str
    """Why there are no numbers at present; empty while they come."""


def screen(now: Progress, style: Style, rows: int) -> list[str]:
    """Painted lines, none as wide as the terminal, and fewer than `rows`: what is least telling goes first."""
    width = style.terminal.width - 1
    time = f"  {now.elapsed:.0f} of {now.duration:g} s"
    mark, text = outcome(now.snapshot.totals, now.total.suspended)
    head = [
        style.bold(style.fit(clean(now.url), max(0, width - len(time)))) + time,
        style.mark(mark, style.fit(text, width - 2)),
    ]
    notes = [line for mark, note in _notes(now) for line in _folded(mark, note, style)]
    figures = _figures(now, style, width)[: max(0, rows - 1 - len(head) - len(notes))]
    return [*head, *(style.fit(line, width) for line in figures), *notes]


def line(snapshot: Snapshot, recent: Histogram) -> str:
    """The same in one line, for a log."""
    totals = snapshot.totals
    p50, p99 = recent.quantiles((0.5, 0.99))
    done = f"dropped {totals.dropped:,} of {totals.done:,}" if totals.done else "no data"
    done += f", unexpected {totals.unexpected:,}" if totals.unexpected else ""
    done += f", not sent {totals.not_sent:,}" if totals.not_sent else ""
    return (
        f"{snapshot.elapsed:6.1f} s  {snapshot.rate:,.0f}/s  {done}  "
        f"p50 {milliseconds(p50)}  p99 {milliseconds(p99)} ms  in flight {totals.in_flight:,}"
    )


def gap(seconds: float) -> str:
    """That this command itself was stopped for so long."""
    return f"no data for {seconds:.1f} s: this command was stopped, and sent nothing meanwhile"


def _figures(now: Progress, style: Style, width: int) -> list[str]:
    snapshot, totals = now.snapshot, now.snapshot.totals
    whole = merged(now.total.groups)
    p50, p90, _, p99, _ = whole.latency.quantiles(SHARES)
    sent = "sends no more" if now.over else f"rate {snapshot.rate:,.0f}/s of {snapshot.target_rate:,.0f}/s"
    seen = ", ".join(f"{clean(g.release)} {g.ok + g.unexpected + g.dropped:,}" for g in snapshot.groups)
    title = "p99 by time "
    return [
        f"{sent}, in flight {totals.in_flight:,}, connections {snapshot.open_connections:,}",
        (
            f"p50 {milliseconds(p50)}  p90 {milliseconds(p90)}  p99 {milliseconds(p99)}  "
            f"max {milliseconds(whole.latency.maximum)} ms"
        ),
        f"{title}{_bars(now.recent[-max(1, width - len(title)) :], style)}",
        f"now {seen or 'no answers'}",
        (
            f"send lag p99 {milliseconds(snapshot.lag.quantile(0.99))} ms, cpu {snapshot.cpu:.1%}, "
            f"recycled {totals.stale:,}, slow {totals.slow:,}"
        ),
    ]


def _notes(now: Progress) -> list[tuple[Mark, str]]:
    totals = now.snapshot.totals
    notes = [
        (Mark.WARNING, f"unexpected {totals.unexpected:,}: neither good nor dropped" if totals.unexpected else ""),
        (Mark.WARNING, f"{totals.not_sent:,} not sent: the run is invalid" if totals.not_sent else ""),
        (Mark.WARNING, gap(now.total.suspended) if now.total.suspended else ""),
        (Mark.WARNING, f"no data: {clean(now.problem)}" if now.problem else ""),
        (Mark.RUNNING, now.ending),
    ]
    return [(mark, text) for mark, text in notes if text]


def _folded(mark: Mark, text: str, style: Style) -> list[str]:
    """On as many lines as it takes; each is painted by itself, so that none leaves its colour on."""
    first, *others = style.fold(text, first=3, indent=3)  # the mark, its blank, and the last column, which stays free
    return [style.mark(mark, first[3:]), *(f"  {line[3:]}" for line in others)]


def _bars(values: Sequence[float | None], style: Style) -> str:
    """No bar where there is no data: the lowest one would say that all went well."""
    blocks = _BLOCKS if style.terminal.unicode else _PLAIN_BLOCKS
    highest = max((value for value in values if value is not None), default=0.0) or 1.0
    return "".join(" " if value is None else blocks[min(7, int(value / highest * 8))] for value in values)
