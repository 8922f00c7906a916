"""What an answer says: its status, whether the connection may be used again, and which release made it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from console.load.target import TargetError
from console.model.load import UNKNOWN, LoadConfig

_LONGEST_NAME = 64
MOST_BODY = 65_536
"""Bytes of a body that are looked at for a JSON field."""

Origin = tuple[str, str]
"""Release and color as an answer named them; `UNKNOWN` for a release that it did not name, empty for a color."""


@dataclass(slots=True)
class Answer:
    """One complete answer. Shared between equal answers, so never changed."""

    status: int
    reusable: bool
    """Whether the connection stays open after it (RFC 9112 §9.3)."""
    origin: Origin
    length: int = 0
    """Bytes of its body, when the head announces them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Where an answer names its release and color."""

    release_header: bytes
    """In lower case; empty when the release is in the body."""
    color_header: bytes
    json_path: tuple[str, ...]
    """Names that lead to the release in a JSON body; empty when it is in a header."""

    def from_body(self, body: bytes) -> str:
        """The release in a JSON body; `UNKNOWN` when it isn't there."""
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return UNKNOWN
        for name in self.json_path:
            value = value.get(name) if isinstance(value, dict) else None
        return named(str(value)) if isinstance(value, str | int | float) else UNKNOWN


def attribution(config: LoadConfig) -> Attribution:
    """The rule that a configuration asks for. Raises `TargetError`."""
    kind, _, name = config.release_from.partition(":")
    color_kind, _, color = config.color_from.partition(":")
    if kind not in {"header", "json"} or not name:
        raise TargetError(f"{config.release_from!r} is no attribution rule: say header:NAME or json:FIELD")
    if config.color_from and (color_kind != "header" or not color):
        raise TargetError(f"{config.color_from!r} is no place for a color: say header:NAME")
    return Attribution(
        release_header=name.lower().encode() if kind == "header" else b"",
        color_header=color.lower().encode(),
        json_path=tuple(name.split(".")) if kind == "json" else (),
    )


def named(text: str) -> str:
    """A release's name, or `UNKNOWN` when nothing is left of it."""
    return clean(text) or UNKNOWN


def clean(text: str) -> str:
    """Text from outside, safe to show: printable characters only, and not too many."""
    return "".join(char for char in text[:_LONGEST_NAME] if char.isprintable()).strip()
