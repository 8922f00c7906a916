"""The bridge between the engine's thread and the screen's: events are never lost, samples only as the latest.

Whoever puts something in returns at once, whatever the screen does: a stalled terminal must not delay an engine step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.model.events import Record
    from console.tui.facts import StackFacts
    from console.tui.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An event, and whether it is of a rollout of this very session."""

    record: Record
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came since the last one."""

    facts: StackFacts | None = None
    """Once, when the session is open."""
    heard: tuple[Heard, ...] = ()
    """In order; progress only as its latest."""
    sample: Sample | None = None
    """None when nothing that is sampled has changed."""
    error: BaseException | None = None
    """Why the engine's thread has ended, or never began."""


class Bridge:
    """One way, thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts: StackFacts | None = None
        self._heard: list[Heard] = []
        self._progress: Heard | None = None
        self._sample: Sample | None = None
        self._error: BaseException | None = None
        self._wake: Callable[[], None] | None = None
        self._told = False

    def connect(self, wake: Callable[[], None] | None) -> None:
        """Call `wake` (which must neither block nor raise) when there is something to take; None: nobody looks."""
        with self._lock:
            self._wake, self._told = wake, False
        self._ring()

    def opened(self, facts: StackFacts) -> None:
        """The session is open."""
        with self._lock:
            self._facts = facts
        self._ring()

    def hear(self, record: Record, *, own: bool) -> None:
        """An event. Progress waits for the next sample: it comes many times a second."""
        from console.model.events import StepProgressed  # noqa: PLC0415 - not needed for the first paint

        heard = Heard(record=record, own=own)
        with self._lock:
            if isinstance(record.event, StepProgressed):
                self._progress = heard
                return
            self._progress = None
            self._heard.append(heard)
        self._ring()

    def sample(self, sample: Sample) -> None:
        """What is measured, as it is now; an earlier sample that was not taken is forgotten."""
        with self._lock:
            self._sample = sample
        self._ring()

    def fail(self, error: BaseException) -> None:
        """The engine's thread ends with this."""
        with self._lock:
            self._error = error
        self._ring()

    @property
    def progressing(self) -> bool:
        """Whether a step has told of progress that nobody took so far."""
        with self._lock:
            return self._progress is not None

    def take(self) -> Batch:
        """Everything since the last call."""
        with self._lock:
            progress = (self._progress,) if self._progress is not None else ()
            batch = Batch(facts=self._facts, heard=(*self._heard, *progress), sample=self._sample, error=self._error)
            self._facts, self._heard, self._progress, self._sample, self._told = None, [], None, None, False
        return batch

    def _ring(self) -> None:
        with self._lock:
            there = self._facts or self._heard or self._progress or self._sample or self._error
            wake = self._wake if there and not self._told else None
            self._told = self._told or wake is not None
        if wake is not None:
            wake()
