"""What is remembered, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator

from console.model.color import Color
from console.model.errors import LockHeldError, LockLostError
from console.model.events import Event, Record, RolloutStarted
from console.model.receipt import Receipt
from console.model.record import decode, encode
from console.ports.journal import LockLabel


class FakeJournal:
    def __init__(self) -> None:
        self.kept: list[Record] = []
        self.error: OSError | None = None

    def append(self, *, rollout: int, at: str, event: Event) -> Record:
        if self.error is not None:
            raise self.error
        record = Record(rollout=rollout, sequence=len(self.kept) + 1, at=at, event=event)
        assert decode(json.loads(json.dumps(encode(record)))) == record
        self.kept.append(record)
        return record

    def newest(self, *kinds: type[Event]) -> Iterator[Record]:
        for record in reversed(self.kept):
            if not kinds or isinstance(record.event, kinds):
                yield record

    def next_rollout(self) -> int:
        return max((r.rollout for r in self.kept if isinstance(r.event, RolloutStarted)), default=0) + 1


class FakeReceipts:
    def __init__(self) -> None:
        self.written: list[Receipt] = []

    def write(self, receipt: Receipt) -> None:
        self.written.append(receipt)


class FakeActiveColor:
    def __init__(self) -> None:
        self.color: Color | None = None
        self.error: OSError | None = None

    def read(self) -> Color | None:
        return self.color

    def write(self, color: Color) -> None:
        if self.error is not None:
            raise self.error
        self.color = color


class FakeLock:
    def __init__(self) -> None:
        self.label: LockLabel | None = None
        self.fence = 0
        self.lost_after: int | None = None
        """After how many more checks somebody takes the lock over."""

    def acquire(self, command: str, *, since: str) -> LockLabel:
        if self.label is not None:
            raise LockHeldError("take the lock", f"{self.label.user} holds it")
        self.fence += 1
        self.label = LockLabel(host="h", pid=1, user="u", command=command, since=since, fence=self.fence)
        return self.label

    def check(self) -> None:
        if self.lost_after is not None:
            self.lost_after -= 1
        if self.label is None or (self.lost_after is not None and self.lost_after < 0):
            raise LockLostError("go on", "the lock was taken over")

    def holder(self) -> LockLabel | None:
        return self.label

    def release(self) -> None:
        self.label = None

    def take_over(self, command: str, *, since: str) -> LockLabel | None:
        held, self.label = self.label, None
        assert command
        assert since
        self.fence += held is not None
        return held
