"""The journal of a demo that runs: read while it is there, since the demo takes its directory along."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

PATIENCE = 60.0


class DemoJournal:
    """Of the one demo whose temporary files are in this directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.records: list[dict[str, object]] = []

    def look(self) -> None:
        """Read what there is."""
        for journal in self._directory.glob("rollout-demo-*/state/journal.jsonl"):
            with contextlib.suppress(OSError):
                lines = journal.read_text().splitlines()
                read = [json.loads(line) for line in lines if line.endswith("}")]
                if len(read) > len(self.records):
                    self.records = read

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
