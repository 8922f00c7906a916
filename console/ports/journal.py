"""Ports to what is remembered: the journal, the recorded color, the lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from console.model.color import Color
    from console.model.events import Event, Record
    from console.model.receipt import Receipt


class Journal(Protocol):
    """The truth about rollouts: append-only, each record durable before the call returns."""

    def append(self, *, rollout: int, at: str, event: Event) -> Record:
        """Write one event in its place and fsync; returns its record. Raises `OSError`."""
        ...

    def newest(self, *kinds: type[Event]) -> Iterator[Record]:
        """Every readable record, or those of some kinds, the newest first.

        A torn line (a crash) and records of a later version are left out. It is read only as far back as it is asked
        for, so that what is asked of a journal of years takes no longer than of a young one. Raises `OSError`.
        """
        ...

    def next_rollout(self) -> int:
        """The number for the next rollout, from 1."""
        ...


class Receipts(Protocol):
    """The evidence of each rollout, by its number."""

    def write(self, receipt: Receipt) -> None:
        """Keep a receipt. Raises `OSError`."""
        ...


class ActiveColor(Protocol):
    """The recorded active color: one word in a file."""

    def read(self) -> Color | None:
        """The recorded color; None when the file is missing, empty or garbage. White space is stripped."""
        ...

    def write(self, color: Color) -> None:
        """Replace it atomically."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLabel:
    """Who holds the lock. Only a label: the lock itself is the operating system's."""

    host: str
    pid: int
    user: str
    command: str
    since: str
    fence: int


class Lock(Protocol):
    """One rollout at a time for a stack."""

    def acquire(self, command: str, *, since: str) -> LockLabel:
        """Take the lock without waiting. Raises `LockHeldError` that says who holds it and since when."""
        ...

    def check(self) -> None:
        """Raise `LockLostError` when somebody took the lock over since."""
        ...

    def holder(self) -> LockLabel | None:
        """Who holds it now; None when it is free."""
        ...

    def release(self) -> None:
        """Give it back. Idempotent."""
        ...

    def take_over(self, command: str, *, since: str) -> LockLabel | None:
        """Explicitly break the present holder's lock: it fails its next `check`. Returns who held it."""
        ...
