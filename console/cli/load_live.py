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
_COMPLAIN_EVERY = 5.0
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
        self._last: tuple[Snapshot, LoadSum] | None = None
        self._next_complaint = 0.0
        self._gap = 0.0
        self._strip: list[float] = []
        """p99 of the last seconds."""
        if not self._screen:
            output.narrate(f"{clean(started.url)} at {started.address}\n")

    def show(self, snapshot: Snapshot, total: LoadSum) -> None:
        """Take a snapshot in; draws when it is time to."""
        for group in snapshot.groups:
            self._recent.merge(group.latency)
        self._last, self._next_complaint = (snapshot, total), 0.0
        self._gap += snapshot.suspended
        if snapshot.target_rate and self._gap:
            if not self._screen:
                self._output.narrate(f"{_gap_text(self._gap)}\n")
            self._gap = 0.0
        now = monotonic()
        if now < self._due:
            return
        self._due = now + (_DRAW_EVERY if self._screen else _LINE_EVERY)
        if self._screen:
            self._remember()
            self._draw(snapshot, total)
        else:
            self._output.narrate(self._line(snapshot))
            self._recent = Histogram()

    def trouble(self, problem: str) -> None:
        """There are no numbers at present, for this reason; the last ones stay, and it is said that they do."""
        now = monotonic()
        if now < self._next_complaint:
            return
        self._next_complaint = now + (_DRAW_EVERY if self._screen else _COMPLAIN_EVERY)
        if not self._screen:
            self._output.narrate(f"no data: {clean(problem)}\n")
        elif self._last is not None:
            self._draw(*self._last, problem)

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

    def _draw(self, snapshot: Snapshot, total: LoadSum, problem: str = "") -> None:
        style, totals = self._style, snapshot.totals
        whole = merged(total.groups)
        width = style.terminal.width - 1
        time = f"  {snapshot.elapsed:.0f} of {self._duration:g} s"
        mark = Mark.DONE if totals.dropped == 0 else Mark.FAILED
        p50, p90, _, p99, _ = whole.latency.quantiles(SHARES)
        seen = ", ".join(f"{clean(g.release)} {g.ok + g.unexpected + g.dropped:,}" for g in snapshot.groups)
        lines = [
            style.bold(style.fit(clean(self._started.url), max(0, width - len(time)))) + time,
            self._painted(mark, f"{totals.dropped:,} dropped / {totals.sent:,}"),
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
            lines.append(self._painted(Mark.WARNING, f"{totals.not_sent:,} not sent: the run is invalid"))
        if total.suspended:
            lines.append(self._painted(Mark.WARNING, _gap_text(total.suspended)))
        if problem:
            lines.append(self._painted(Mark.WARNING, f"no data: {clean(problem)}"))
        self.erase()
        # Painted lines were cut before, since cutting one now could leave its colour on.
        fitted = [line if RESET in line else style.fit(line, width) for line in lines]
        self._output.narrate("".join(f"{line}\n" for line in fitted))
        self._drawn = len(lines)

    def _painted(self, mark: Mark, text: str) -> str:
        return self._style.mark(mark, self._style.fit(text, self._style.terminal.width - 3))

    def _remember(self) -> None:
        self._strip = [*self._strip, self._recent.quantile(0.99) or 0.0][-max(1, self._style.terminal.width - 16) :]
        self._recent = Histogram()

    def _bars(self) -> str:
        blocks = _BLOCKS if self._style.terminal.unicode else _PLAIN_BLOCKS
        highest = max(self._strip) or 1.0
        return "".join(blocks[min(7, int(value / highest * 8))] for value in self._strip)


def _gap_text(seconds: float) -> str:
    return f"no data for {seconds:.1f} s: this command was stopped, and sent nothing meanwhile"
