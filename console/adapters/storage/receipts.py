"""Receipts: `state/receipts/N.json`, one for each rollout."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from console.adapters.storage.atomic import write_atomically
from console.adapters.storage.modes import make_directory

if TYPE_CHECKING:
    from console.model.receipt import Receipt

MODE = 0o640
DIRECTORY_MODE = 0o750


class FileReceipts:
    """One JSON file for each rollout."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, receipt: Receipt) -> None:
        """Keep a receipt. Raises `OSError`."""
        from console.model.receipt import VERSION  # noqa: PLC0415 - only the end of a rollout needs it

        make_directory(self.directory, DIRECTORY_MODE)
        # ASCII: whoever prints the file as it is must not have his terminal steered by what a message quotes.
        content = json.dumps({"version": VERSION} | asdict(receipt), indent=2) + "\n"
        write_atomically(self.directory / f"{receipt.rollout}.json", content.encode("ascii"), mode=MODE)
