"""The journal: `state/journal.jsonl`, one record a line, appended and fsynced."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from console.adapters.storage.modes import open_with_mode
from console.model.events import Event, Record, RolloutStarted
from console.model.record import UnreadableRecordError, decode, encode

MODE = 0o640


class FileJournal:
    """Append-only records in a file; the bus between processes.

    A crash can tear the last line. Readers leave it out, and the next writer starts on a line of its own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def append(self, *, rollout: int, at: str, event: Event) -> Record:
        """Write one event and fsync it.

        Raises:
            OSError: it did not fit, or could not be made durable. What did not fit is taken out again.
        """
        descriptor = open_with_mode(self.path, os.O_RDWR | os.O_APPEND, MODE)
        try:
            self._catch_up()
            record = Record(rollout=rollout, sequence=self._last + 1, at=at, event=event)
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            data = (b"\n" if torn else b"") + _line(record)
            written = os.write(descriptor, data)
            if written != len(data):
                if os.fstat(descriptor).st_size == size + written:
                    os.ftruncate(descriptor, size)
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
        self._catch_up()
        return self._newest + 1

    def _forget(self) -> None:
        self._known: list[Record] = []
        self._last = 0
        self._newest = 0
        self._offset = 0
        self._file: tuple[int, int] | None = None

    def _catch_up(self) -> None:
        try:
            with self.path.open("rb") as file:
                if not self._continues(file.fileno()):
                    self._forget()
                there = os.fstat(file.fileno())
                self._file = (there.st_dev, there.st_ino)
                file.seek(self._offset)
                added = file.read()
        except FileNotFoundError:
            self._forget()
            return
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        for record in _parse(whole):
            self._known.append(record)
            self._last = max(self._last, record.sequence)
            if isinstance(record.event, RolloutStarted):
                self._newest = max(self._newest, record.rollout)

    def _continues(self, descriptor: int) -> bool:
        """Whether what was read so far is still how this file begins: it may have been cut or replaced."""
        there = os.fstat(descriptor)
        if self._offset == 0:
            return True
        same = (there.st_dev, there.st_ino) == self._file and there.st_size >= self._offset
        return same and os.pread(descriptor, 1, self._offset - 1) == b"\n"


def _line(record: Record) -> bytes:
    """The record as a line; what came out of other encodings (file names, arguments) as JSON escapes."""
    text = json.dumps(encode(record), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _parse(lines: bytes) -> Iterator[Record]:
    for line in lines.split(b"\n"):
        try:
            data = json.loads(line)
            if isinstance(data, dict):
                yield decode(data)
        except (ValueError, RecursionError, UnreadableRecordError):
            continue
