"""The journal of a demo that runs: opened while it is there, since the demo takes its directory along."""

from __future__ import annotations

import contextlib
import json
import os
import time
import weakref
from pathlib import Path

PATIENCE = 60.0


class DemoJournal:
    """Of the one demo whose temporary files are in this directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: int | None = None
        """Once it was there; what is written to it can be read here also after its name is gone."""
        self.records: list[dict[str, object]] = []

    def look(self) -> None:
        """Read what there is."""
        for journal in self._directory.glob("rollout-demo-*/state/journal.jsonl") if self._file is None else ():
            with contextlib.suppress(OSError):
                self._file = os.open(journal, os.O_RDONLY)
                weakref.finalize(self, os.close, self._file)
        if self._file is not None:
            text = os.pread(self._file, os.fstat(self._file).st_size, 0).decode()
            self.records = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_for(self, kind: str, **fields: object) -> dict[str, object]:
        """Wait for a record; that record."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.look()
            for record in self.records:
                if record["type"] == kind and all(record.get(name) == value for name, value in fields.items()):
                    return record
            assert time.monotonic() < deadline, f"no {kind} {fields} within {PATIENCE:g} s: {self.records[-3:]}"
            time.sleep(0.02)
