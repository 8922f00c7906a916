"""The journal: `state/journal.jsonl`, one record a line, appended and fsynced."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from console.adapters.storage.last_lines import last_lines
from console.adapters.storage.modes import open_with_mode
from console.model.events import Event, Record, RolloutStarted
from console.model.record import UnreadableRecordError, decode, encode, type_name

MODE = 0o640


class FileJournal:
    """Append-only records in a file; the bus between processes.

    A crash can tear the last line. Readers leave it out, and the next writer starts on a line of its own. Nothing is
    remembered between calls: whoever replaced, cut or wrote the file meanwhile, what is read is what is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, *, rollout: int, at: str, event: Event) -> Record:
        """Write one event and fsync it.

        Raises:
            OSError: it did not fit, or could not be made durable. What did not fit is taken out again.
        """
        descriptor = open_with_mode(self.path, os.O_RDWR | os.O_APPEND, MODE)
        try:
            last = next(_newest(descriptor), None)
            record = Record(rollout=rollout, sequence=last.sequence + 1 if last else 1, at=at, event=event)
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

    def newest(self, *kinds: type[Event]) -> Iterator[Record]:
        """As `Journal.newest`. Lines of other kinds are passed over without being parsed."""
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError:
            return
        with file:
            yield from _newest(file.fileno(), *kinds)

    def next_rollout(self) -> int:
        """One more than the highest number of any rollout that began."""
        return max((record.rollout for record in self.newest(RolloutStarted)), default=0) + 1


def _newest(descriptor: int, *kinds: type[Event]) -> Iterator[Record]:
    named = re.compile(rb'"type"\s*:\s*"(?:' + b"|".join(type_name(kind).encode() for kind in kinds) + rb')"')
    for line in last_lines(descriptor):
        # A name could be written with escapes, though no writer of ours does that.
        if kinds and not named.search(line) and b"\\u00" not in line:
            continue
        record = _parse(line)
        if record is not None and (not kinds or isinstance(record.event, kinds)):
            yield record


def _line(record: Record) -> bytes:
    """The record as a line; what came out of other encodings (file names, arguments) as JSON escapes."""
    text = json.dumps(encode(record), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _parse(line: bytes) -> Record | None:
    """The record of a line; None for what is none that this version can read."""
    try:
        data = json.loads(line)
        return decode(data) if isinstance(data, dict) else None
    except (ValueError, RecursionError, UnreadableRecordError):
        return None
