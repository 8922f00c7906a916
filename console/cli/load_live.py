"""The run while it lasts: one screen that is drawn over on a terminal, one line a second without one."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from time import monotonic

from console.cli.load_ending import Ending
from console.cli.output import Output
from console.cli.render.clean import clean
from console.cli.render.load_progress import Progress, gap, line, screen
from console.cli.render.overdraw import Overdraw
from console.cli.render.style import Style
from console.load.template import is_idempotent
from console.model.histogram import Histogram
from console.model.load import LoadConfig, Snapshot, Started
from console.model.load_totals import LoadSum

_LINE_EVERY = 1.0
_DRAW_EVERY = 0.25
_COMPLAIN_EVERY = 5.0
_MOMENTS = 400
"""More than any terminal has columns for."""
_NARROWEST = 20
"""Columns; on fewer the screen is as useless folded as it is cut."""


class LiveLoad:
    """Narrates a run on stderr."""

    def __init__(self, output: Output, started: Started, config: LoadConfig, ending: Ending, *, plain: bool) -> None:
        self._output = output
        self._started = started
        self._duration = config.duration or 0.0
        # A browser's one retry comes after the attempt, which may have taken all of its time.
        self._longest = config.timeout * (2 if is_idempotent(config.method) else 1)
        self._ending = ending
        self._screen = output.narration_terminal.tty and not plain
        self._due = 0.0
        self._overdraw = Overdraw()
        self._recent = Histogram()
        self._last: tuple[Snapshot, LoadSum] | None = None
        self._next_complaint = 0.0
        self._gap = 0.0
        self._over: tuple[float, float] | None = None
        """Once no more is sent: the schedule's seconds until then, and when nothing can be in flight any more."""
        self._told_of_end = False
        self._moments: deque[float | None] = deque(maxlen=_MOMENTS)
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
                self._output.narrate(f"{gap(self._gap)}\n")
            self._gap = 0.0
        self._tell_of_end(snapshot)
        now = monotonic()
        if now < self._due:
            return
        self._due = now + (_DRAW_EVERY if self._screen else _LINE_EVERY)
        if self._screen:
            self._moments.append(self._recent.quantile(0.99))
            self._draw(snapshot, total)
        else:
            self._output.narrate(f"{line(snapshot, self._recent)}\n")
        self._recent = Histogram()

    def trouble(self, problem: str) -> None:
        """There are no numbers at present, for this reason; the last ones stay, and it is said that they do."""
        if self._last is not None:
            self._tell_of_end(self._last[0])
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
        self._output.look()
        self._output.narrate(self._overdraw.erase(self._output.narration_terminal))

    def _tell_of_end(self, snapshot: Snapshot) -> None:
        """Say once that no more is sent, and what is waited for, as soon as that is so."""
        if self._over is None and (self._ending.begun or snapshot.elapsed >= self._duration):
            self._over = (min(snapshot.elapsed, self._duration), monotonic() + self._longest)
        waiting = self._waiting(snapshot)
        if waiting and not self._told_of_end:
            self._told_of_end = True
            if not self._screen:
                self._output.narrate(f"{waiting}\n")

    def _waiting(self, snapshot: Snapshot) -> str:
        if self._over is None or not snapshot.totals.in_flight:
            return ""
        left = max(0, math.ceil(self._over[1] - monotonic()))
        return f"ending: waits for {snapshot.totals.in_flight:,} in flight, at most {left} s; {self._ending.way_out}"

    def _draw(self, snapshot: Snapshot, total: LoadSum, problem: str = "") -> None:
        self._output.look()
        terminal = self._output.narration_terminal
        now = Progress(
            url=self._started.url,
            duration=self._duration,
            elapsed=self._over[0] if self._over else snapshot.elapsed,
            snapshot=snapshot,
            total=total,
            recent=tuple(self._moments),
            over=self._over is not None,
            ending=self._waiting(snapshot),
            problem=problem,
        )
        style = Style(replace(terminal, width=max(_NARROWEST, terminal.columns)))
        lines = screen(now, style, terminal.rows)
        self._output.narrate(self._overdraw.draw(lines, terminal))
