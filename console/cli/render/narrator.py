"""A rollout told as it goes, for people: lines that are only ever appended, each with its time.

On a terminal (and not `--plain`) one status line below them is rewritten; it is erased before every line.
Nothing in here raises on odd input: what is told must never decide what is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from console.cli.render.clean import clean
from console.cli.render.durations import clock, coarse, duration
from console.cli.render.facts import fact
from console.cli.render.story import Failure, Story
from console.cli.render.style import Mark, Style
from console.model.events import (
    AbortRequested,
    ActiveRecorded,
    ColorRetired,
    CommandRan,
    CutoverSeen,
    Event,
    Held,
    ImageResolved,
    LoadMeasured,
    LoadStarted,
    LockTakenOver,
    LogsKept,
    PhaseChanged,
    Record,
    ReleaseFound,
    ReleaseServed,
    RequestsCut,
    Resumed,
    RolloutFinished,
    RolloutStarted,
    StandbyKept,
    StepFailed,
    StepProgressed,
    StepStarted,
    StepSucceeded,
    UpstreamRestored,
    Warned,
)
from console.model.phase import Phase

QUIET = 1.0
"""Seconds that a step may take without being told; and the least time between two lines about one wait."""
REPEAT = 5.0
"""Seconds after which a wait is told again although nothing changed."""
REDRAW = 0.1
"""Least seconds between two states of the status line."""
TIME_WIDTH = 9
MARK_WIDTH = 10
INDENT = TIME_WIDTH + MARK_WIDTH

_TOLD_PHASES = {
    Phase.RESTORING: "the cutover did not happen: the previous upstream is written again",
    Phase.ROLLING_BACK: "the release failed after the cutover: rolling back",
    Phase.CLEANING_UP: "ending safely: traffic stays where it was, the new color is stopped",
}


def measured_text(event: LoadMeasured) -> str:
    """What the load counted, in a sentence."""
    if not event.valid:
        return f"load: no proof, {clean(event.problem) or 'the generator gave no summary'}"
    text = f"load: {event.dropped:,} dropped / {event.due:,}"
    return text + (f", {event.unexpected:,} unexpected" if event.unexpected else "")


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\s,.:;]+", text.lower()))


@dataclass(slots=True)
class _Running:
    """The step that runs."""

    id: str
    title: str
    since: float
    deadline: float | None
    text: str = ""
    remaining: float | None = None
    told_at: float | None = None
    told_text: str | None = None
    facts: list[str] = field(default_factory=list)
    """What became known during the step: told only if the step's own last word does not come to say it."""


class Narrator:
    """Turns records into lines.

    Args:
        write: takes text for stderr; must neither raise nor block.
        style: of the terminal behind it.
        monotonic: seconds.
        now: UTC time as ISO 8601, for lines that no record stands behind.
        live: whether one status line may be rewritten.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        style: Style,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], str],
        live: bool = False,
    ) -> None:
        self._write = write
        self._style = style
        self._monotonic = monotonic
        self._now = now
        self._live = live
        self._running: _Running | None = None
        self._titles: dict[str, str] = {}
        self._status_shown = False
        self._drawn_at = float("-inf")
        self._said = ""
        self.story = Story()

    def record(self, record: Record) -> None:
        """Tell one record."""
        self.story.rollout = record.rollout
        self._tell(record.event, record.at)

    def say(self, mark: Mark, text: str) -> None:
        """A line of our own."""
        self._said = text
        self._line(self._now(), mark, text)

    def waiting_for(self) -> str:
        """What the rollout waits for right now, in a phrase."""
        running = self._running
        if running is None:
            return "the next step"
        return ": ".join(filter(None, (running.title, self._progress(running))))

    def tick(self) -> None:
        """Tell of a step that takes long; to be called a few times a second."""
        running = self._running
        if running is None:
            return
        now = self._monotonic()
        if self._live:
            if now >= self._drawn_at + REDRAW:
                self._drawn_at = now
                self._show_status(running, now)
            return
        changed = running.text != running.told_text
        # The longer it takes, the rarer: a count that always changes must not fill a log for minutes.
        pause = max(QUIET if changed else REPEAT, (now - running.since) / 10)
        due = running.since + QUIET if running.told_at is None else running.told_at + pause
        if now >= due:
            running.told_at, running.told_text = now, running.text
            elapsed = "" if running.remaining is not None else f" ({coarse(now - running.since)} so far)"
            self._line(self._now(), Mark.RUNNING, self.waiting_for() + elapsed)

    def end(self) -> None:
        """Leave the screen clean."""
        self._running = None
        self._erase()

    def _tell(self, event: Event, at: str) -> None:  # noqa: C901, PLR0912, PLR0915 - one short branch an event
        match event:
            case RolloutStarted():
                self._begin(event, at)
            case PhaseChanged():
                if event.after in _TOLD_PHASES:
                    self._line(at, Mark.WARNING, _TOLD_PHASES[event.after])
            case StepStarted():
                title = clean(event.title)
                self._titles[event.step] = title
                self._running = _Running(event.step, title, self._monotonic(), event.deadline)
                self.tick()
            case StepProgressed():
                if self._running is not None and self._running.id == event.step:
                    self._running.text, self._running.remaining = clean(event.text), event.remaining
                    self.tick()
            case CommandRan():
                self._raw(at, self._style.dim(f"$ {clean(event.command)}"))
            case StepSucceeded():
                if not event.detail:
                    self._tell_facts(at)
                self._finish_step(event.step)
                self._line(at, Mark.DONE, self._with_detail(event.step, event.detail), duration(event.seconds))
            case StepFailed():
                self._fail_step(event, at)
            case LogsKept():
                self._logs(event, at)
            case RolloutFinished():
                self._running = None
                self.story.finished = event
            case Warned():
                self._line(at, Mark.WARNING, ": ".join(filter(None, (clean(event.text), clean(event.hint)))))
            case RequestsCut():
                text = f"{event.count} requests to {event.color.value} were cut at the drain deadline: dropped"
                self._line(at, Mark.WARNING, text)
            case LockTakenOver():
                self._line(at, Mark.WARNING, clean(f"{event.by} took the lock of {event.from_holder} over"))
            case UpstreamRestored():
                color = f"{event.color.value} " if event.color else ""
                self._line(at, Mark.NOTE, f"upstream restored: {color}serves as generation {event.generation}")
            case Held():
                self._line(at, Mark.NOTE, f"held before {self._title(event.before_step)}")
            case Resumed():
                self._line(at, Mark.NOTE, f"resumed with {self._title(event.before_step)}")
            case ImageResolved() | CutoverSeen() | ReleaseServed() | ColorRetired() if self._running is not None:
                self._running.facts.append(fact(event))
            case ImageResolved() | CutoverSeen() | ReleaseServed() | ReleaseFound() | ColorRetired():
                self._line(at, Mark.NOTE, fact(event))
            case LoadStarted():
                self._line(at, Mark.NOTE, f"load: {event.rate:g} synthetic requests/s on {clean(event.url)}")
            case LoadMeasured():
                good = event.valid and not event.dropped
                self._line(at, Mark.DONE if good else Mark.WARNING, measured_text(event))
            case ActiveRecorded() | StandbyKept():
                pass  # the steps that did it say so
            case AbortRequested():
                if not self._said.startswith(f"{event.by}:"):  # a signal of this process was told already
                    self._line(at, Mark.NOTE, f"asked to end safely by {clean(event.by)}")
            case _:
                assert_never(event)

    def _begin(self, event: RolloutStarted, at: str) -> None:
        where = [f"{event.previous.value} serves" if event.previous else "nothing serves yet"]
        if event.target:
            where.append(f"target {event.target.value}")
        head = f"rollout {self.story.rollout} of {clean(event.project)}: {event.action}, {', '.join(where)}"
        self._line(at, Mark.NOTE, head)
        self._line(at, Mark.NOTE, clean(f"{event.user} on {event.host}, pid {event.pid}: {event.command}"))

    def _tell_facts(self, at: str) -> None:
        for text in self._running.facts if self._running is not None else ():
            self._line(at, Mark.NOTE, text)

    def _finish_step(self, step: str) -> None:
        if self._running is not None and self._running.id == step:
            self._running = None

    def _fail_step(self, event: StepFailed, at: str) -> None:
        title = self._title(event.step)
        self._tell_facts(at)
        self._finish_step(event.step)
        if event.cancelled:
            self._line(at, Mark.WARNING, f"{title}: stopped", duration(event.seconds))
            return
        failure = Failure(title=title, attempted=clean(event.attempted), found=clean(event.found))
        self.story.failures.append(failure)
        self._line(at, Mark.FAILED, f"{title}: {failure.found}", duration(event.seconds))

    def _logs(self, event: LogsKept, at: str) -> None:
        self._line(at, Mark.NOTE, f"last lines of {clean(event.replica)}:")
        for line in event.lines:
            self._raw(at, self._style.dim(f"| {clean(line)}"))

    def _title(self, step: str) -> str:
        return self._titles.get(step) or clean(step)

    def _with_detail(self, step: str, detail: str) -> str:
        """The title, and what the detail adds to it."""
        title, told = self._title(step), clean(detail)
        return title if _words(told) <= _words(title) else f"{title}: {told}"

    def _progress(self, running: _Running) -> str:
        left = None if running.remaining is None else f"{coarse(running.remaining)} left"
        return ", ".join(filter(None, (running.text, left)))

    def _line(self, at: str, mark: Mark, text: str, took: str = "") -> None:
        self._erase()
        style = self._style
        body = style.text(f"{text}  {took}" if took else text)
        first, *rest = style.fold(body, first=INDENT, indent=INDENT)
        self._write(f"{clock(at):<{TIME_WIDTH}}{style.mark(mark, width=MARK_WIDTH)}{first[INDENT:]}\n")
        for line in rest:
            self._write(line + "\n")

    def _raw(self, at: str, text: str) -> None:
        """A line that is to be pasted or was somebody else's: never folded."""
        self._erase()
        self._write(f"{clock(at):<{TIME_WIDTH}}{text}\n")

    def _show_status(self, running: _Running, now: float) -> None:
        style = self._style
        text = style.text(f"{self.waiting_for()} ({duration(now - running.since)})")
        line = style.fit(text, style.terminal.width - INDENT - 1)
        self._write(f"\r\x1b[2K{clock(self._now()):<{TIME_WIDTH}}{style.mark(Mark.RUNNING, width=MARK_WIDTH)}{line}")
        self._status_shown = True

    def _erase(self) -> None:
        if self._status_shown:
            self._write("\r\x1b[2K")
            self._status_shown = False
