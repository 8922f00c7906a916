"""The receipts that lie in the state directory: `receipts/<rollout>.json`, written by the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from console.model.color import Color
from console.model.errors import RefusedError
from console.model.receipt import Receipt, ReceiptImage, ReceiptLogs, ReceiptStep


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
        return decode(json.loads(text)), text
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(
            f"read the receipt {path}", f"{type(error).__name__}: {error}", now="nothing was touched"
        ) from error


def numbered(directory: Path) -> list[int]:
    """The rollouts that have a receipt, oldest first."""
    try:
        names = [entry.stem for entry in directory.iterdir() if entry.suffix == ".json"]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def decode(data: object) -> Receipt:
    """The receipt behind its JSON; fields of later versions are ignored.

    Raises:
        KeyError, TypeError, ValueError: it is not a receipt.
    """
    if not isinstance(data, dict):
        raise TypeError(f"an object was expected, not {type(data).__name__}")
    versions = data.get("versions", [])
    return Receipt(
        rollout=_int(data["rollout"]),
        project=str(data["project"]),
        action=str(data["action"]),
        result=str(data["result"]),
        exit_code=_int(data["exit_code"]),
        message=str(data["message"]),
        next_command=str(data.get("next_command", "")),
        started_at=str(data["started_at"]),
        seconds=_float(data["seconds"]),
        user=str(data["user"]),
        host=str(data["host"]),
        command=str(data["command"]),
        target=_color(data.get("target")),
        previous=_color(data.get("previous")),
        active=_color(data.get("active")),
        steps=tuple(_step(item) for item in _maps(data["steps"])),
        images=tuple(_image(item) for item in _maps(data.get("images", []))),
        warnings=_texts(data.get("warnings", [])),
        failures=_texts(data.get("failures", [])),
        cut_requests=_int(data.get("cut_requests", 0)),
        logs=tuple(
            ReceiptLogs(replica=str(item["replica"]), lines=_texts(item["lines"]))
            for item in _maps(data.get("logs", []))
        ),
        versions=tuple((name, value) for name, value in (_texts(pair) for pair in _list(versions))),
    )


def _step(item: Mapping[str, object]) -> ReceiptStep:
    return ReceiptStep(
        id=str(item["id"]),
        title=str(item["title"]),
        stage=str(item["stage"]),
        status=str(item["status"]),
        seconds=_float(item["seconds"]),
        detail=str(item["detail"]),
    )


def _image(item: Mapping[str, object]) -> ReceiptImage:
    digest = item.get("digest")
    return ReceiptImage(
        color=Color(str(item["color"])),
        reference=str(item["reference"]),
        id=str(item["id"]),
        digest=None if digest is None else str(digest),
    )


def _color(value: object) -> Color | None:
    return None if value is None else Color(str(value))


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {type(value).__name__}")
    return value


def _maps(value: object) -> list[Mapping[str, object]]:
    items: list[Mapping[str, object]] = [item for item in _list(value) if isinstance(item, dict)]
    if len(items) != len(_list(value)):
        raise TypeError("a list of objects was expected")
    return items


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in _list(value))


def _int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a whole number was expected, not {value!r}")
    return value


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a number was expected, not {value!r}")
    return float(value)
