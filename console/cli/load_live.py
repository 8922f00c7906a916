"""The run while it lasts: one screen that is drawn over on a terminal, one line a second without one."""

from __future__ import annotations

from time import monotonic

from console.cli.output import Output
from console.cli.render.clean import clean
from console.cli.render.load import SHARES, milliseconds
from console.cli.render.style import RESET, Mark, Style
from console.model.histogram import Histogram
from console.model.load import Snapshot, Started
from console.model.load_totals import LoadSum, merged

_LINE_EVERY = 1.0
_DRAW_EVERY = 0.25
_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = ".:-=+*#@"


class LiveLoad:
    """Narrates a run on stderr."""

    def __init__(self, output: Output, started: Started, *, duration: float, plain: bool) -> None:
        self._output = output
        self._started = started
        self._duration = duration
        self._style = Style(output.narration_terminal)
        self._screen = output.narration_terminal.tty and not plain
        self._due = 0.0
        self._drawn = 0
        self._recent = Histogram()
        self._strip: list[float] = []
        """p99 of the last seconds."""
        if not self._screen:
            output.narrate(f"{clean(started.url)} at {started.address}\n")

    def show(self, snapshot: Snapshot, total: LoadSum) -> None:
        """Take a snapshot in; draws when it is time to."""
        for group in snapshot.groups:
            self._recent.merge(group.latency)
        now = monotonic()
        if now < self._due:
            return
        self._due = now + (_DRAW_EVERY if self._screen else _LINE_EVERY)
        if self._screen:
            self._draw(snapshot, total)
        else:
            self._output.narrate(self._line(snapshot))
            self._recent = Histogram()

    def erase(self) -> None:
        """Leave the place to the summary."""
        if self._drawn:
            self._output.narrate(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _line(self, snapshot: Snapshot) -> str:
        totals = snapshot.totals
        p50, p99 = self._recent.quantiles((0.5, 0.99))
        note = f", not sent {totals.not_sent:,}" if totals.not_sent else ""
        return (
            f"{snapshot.elapsed:6.1f} s  {snapshot.rate:,.0f}/s  dropped {totals.dropped:,} of {totals.sent:,}{note}  "
            f"p50 {milliseconds(p50)}  p99 {milliseconds(p99)} ms  in flight {totals.in_flight:,}\n"
        )

    def _draw(self, snapshot: Snapshot, total: LoadSum) -> None:
        style, totals = self._style, snapshot.totals
        whole = merged(total.groups)
        self._remember()
        mark = Mark.DONE if totals.dropped == 0 else Mark.FAILED
        p50, p90, _, p99, _ = whole.latency.quantiles(SHARES)
        seen = ", ".join(f"{clean(g.release)} {g.ok + g.unexpected + g.dropped:,}" for g in snapshot.groups)
        lines = [
            style.bold(clean(self._started.url)) + f"  {snapshot.elapsed:.0f} of {self._duration:g} s",
            style.mark(mark, f"{totals.dropped:,} dropped / {totals.sent:,}"),
            (
                f"rate {snapshot.rate:,.0f}/s of {snapshot.target_rate:,.0f}/s, in flight {totals.in_flight:,}, "
                f"connections {snapshot.open_connections:,}"
            ),
            (
                f"p50 {milliseconds(p50)}  p90 {milliseconds(p90)}  p99 {milliseconds(p99)}  "
                f"max {milliseconds(whole.latency.maximum)} ms"
            ),
            f"p99 by time {self._bars()}",
            f"now {seen or 'no answers'}",
            (
                f"send lag p99 {milliseconds(snapshot.lag.quantile(0.99))} ms, cpu {snapshot.cpu:.1%}, "
                f"recycled {totals.stale:,}, slow {totals.slow:,}"
            ),
        ]
        if totals.not_sent:
            lines.append(style.mark(Mark.WARNING, f"{totals.not_sent:,} not sent: the run is invalid"))
        width = style.terminal.width - 1
        self.erase()
        # Painted lines are short, and cutting one could leave its colour on.
        fitted = [line if RESET in line else style.fit(line, width) for line in lines]
        self._output.narrate("".join(f"{line}\n" for line in fitted))
        self._drawn = len(lines)

    def _remember(self) -> None:
        self._strip = [*self._strip, self._recent.quantile(0.99) or 0.0][-(self._style.terminal.width - 16) :]
        self._recent = Histogram()

    def _bars(self) -> str:
        blocks = _BLOCKS if self._style.terminal.unicode else _PLAIN_BLOCKS
        highest = max(self._strip) or 1.0
        return "".join(blocks[min(7, int(value / highest * 8))] for value in self._strip)
