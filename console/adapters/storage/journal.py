"""The journal: `state/journal.jsonl`, one record a line, appended and fsynced."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from console.model.events import Event, Record, RolloutStarted
from console.model.record import UnreadableRecordError, decode, encode

MODE = 0o640


class FileJournal:
    """Append-only records in a file; the bus between processes.

    A crash can tear the last line. Readers leave it out, and the next writer starts on a line of its own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: list[Record] = []
        self._offset = 0

    def append(self, *, rollout: int, at: str, event: Event) -> Record:
        """Write one event and fsync it. Raises `OSError`; then nothing readable was added."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            last = max((record.sequence for record in self.records()), default=0)
            record = Record(rollout=rollout, sequence=last + 1, at=at, event=event)
            line = json.dumps(encode(record), ensure_ascii=False, separators=(",", ":")) + "\n"
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            data = (("\n" if torn else "") + line).encode()
            written = os.write(descriptor, data)
            if written != len(data):
                raise OSError(f"only {written} of {len(data)} bytes fit into {self.path}")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return record

    def records(self) -> tuple[Record, ...]:
        """Every readable record, oldest first. Only what was added since the last call is read from the file."""
        self._catch_up()
        return tuple(self._known)

    def next_rollout(self) -> int:
        """One more than the highest number of any rollout that began."""
        numbers = (record.rollout for record in self.records() if isinstance(record.event, RolloutStarted))
        return max(numbers, default=0) + 1

    def _catch_up(self) -> None:
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._offset:
                    self._known, self._offset = [], 0  # somebody replaced the file
                file.seek(self._offset)
                added = file.read()
        except FileNotFoundError:
            self._known, self._offset = [], 0
            return
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        self._known.extend(_parse(whole))


def _parse(lines: bytes) -> Iterator[Record]:
    for line in lines.splitlines():
        try:
            data = json.loads(line)
            if isinstance(data, dict):
                yield decode(data)
        except (ValueError, UnreadableRecordError):
            continue
