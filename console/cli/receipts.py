"""The receipts that lie in the state directory: `receipts/<rollout>.json`, written by the engine."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from console.cli.plain import from_plain
from console.model.errors import RefusedError
from console.model.receipt import Receipt

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def read_receipt(directory: Path, rollout: int | None) -> tuple[Receipt, str]:
    """A receipt, the newest one without a number, and its text as it lies there.

    Raises:
        RefusedError: there is none of that number, or it can't be read.
    """
    numbers = numbered(directory)
    wanted = numbers[-1] if rollout is None and numbers else rollout
    if wanted is None or wanted not in numbers:
        known = ", ".join(map(str, numbers[:-6:-1])) or "none"
        raise RefusedError(
            f"print the receipt of {'the last rollout' if wanted is None else f'rollout {wanted}'}",
            f"there is none in {directory} (newest: {known})",
            now="nothing was touched",
            next_command="rollout history",
        )
    path = directory / f"{wanted}.json"
    try:
        text = path.read_text(encoding="utf-8")
        return from_plain(Receipt, json.loads(text)), text
    except (OSError, ValueError, TypeError) as error:
        raise RefusedError(
            f"read the receipt {path}",
            f"{type(error).__name__}: {error}",
            now="nothing was touched; the journal still tells of that rollout",
            next_command=in_journal(directory, wanted),
        ) from error


def numbered(directory: Path) -> list[int]:
    """The rollouts that have a receipt, oldest first. What else lies there, such as `0014.json`, is none."""
    try:
        names = [entry.stem for entry in directory.iterdir() if entry.suffix == ".json"]
    except OSError:
        return []
    return sorted(int(name) for name in names if _NUMBER.fullmatch(name))


def in_journal(directory: Path, rollout: int) -> str:
    """The command that shows all that the journal knows of a rollout, by the directory of the receipts."""
    return f"grep '\"rollout\":{rollout},' {shlex.quote(str(directory.with_name('journal.jsonl')))}"
