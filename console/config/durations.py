"""Compose durations: `250ms`, `1m30s`, `2h`.

Compose reads them with Go's `time.ParseDuration` (checked against Compose 2.26): a sequence of decimal numbers, each
with a unit, with an optional sign; `0` is the only number that needs no unit; days and weeks are no units.
"""

from __future__ import annotations

import re
from decimal import Decimal

UNITS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
"""Seconds of each unit. Micro is written with either of two look-alike signs, as in Go."""

LONGEST = Decimal(2**63 - 1).scaleb(-9)
"""Seconds: Go counts nanoseconds in 63 bits, about 292 years."""

_SECOND = 1_000_000_000
"""Nanoseconds."""

_PART = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?P<unit>[^0-9.]*)", re.ASCII)
_BARE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_LONGEST_TEXT = 64


class DurationError(ValueError):
    """Not a duration; the message says why, without the value, and `suggestion` what was probably meant."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


def parse_duration(text: str) -> float:
    """Seconds of a Compose duration; negative for a leading minus.

    Raises:
        DurationError: it has no number, no unit, an unknown unit, or does not fit.
    """
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0.0
    if not rest:
        raise DurationError("it is empty", "30s")
    if len(rest) > _LONGEST_TEXT:
        raise DurationError("it is too long to be a duration", "30s")
    if _BARE.fullmatch(rest):
        raise DurationError("it has no unit", f"{text.rstrip('.')}s")
    total, position = Decimal(0), 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None:
            raise DurationError("it is not a number with a unit", "30s")
        total += Decimal(part["number"].rstrip(".")) * _unit(part["unit"])
        position = part.end()
    if total > LONGEST:
        raise DurationError("it is longer than 292 years", "24h")
    return float(sign * total)


def parse_seconds(text: str) -> float:
    """Like `parse_duration`, and a bare number is seconds: for flags and environment variables.

    Raises:
        DurationError: as `parse_duration`.
    """
    stripped = text.strip()
    if len(stripped) <= _LONGEST_TEXT and _BARE.fullmatch(stripped):
        return parse_duration(stripped.rstrip(".") + "s")
    return parse_duration(stripped)


def format_duration(seconds: float) -> str:
    """The shortest usual way to write a duration: `1m30s`, `2s`, `250ms`."""
    sign = "-" if seconds < 0 else ""
    nanoseconds = round(abs(seconds) * _SECOND)
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < _SECOND:
        for unit, size in (("ms", 1_000_000), ("us", 1_000), ("ns", 1)):
            if nanoseconds % size == 0:
                return f"{sign}{nanoseconds // size}{unit}"
    whole, fraction = divmod(nanoseconds, _SECOND)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    if fraction:
        text += f"{left}.{fraction:09d}".rstrip("0") + "s"
    elif left or not text:
        text += f"{left}s"
    return sign + text


def _unit(name: str) -> Decimal:
    if name in UNITS:
        return UNITS[name]
    if not name.strip():
        raise DurationError("a number in it has no unit", "1m30s")
    if name.strip().lower() in {"d", "day", "days"}:
        raise DurationError("Compose knows no days; write hours", "24h")
    known = ", ".join(unit for unit in UNITS if unit.isascii())
    lower = name.strip().lower()
    near = lower if lower in UNITS else {"sec": "s", "min": "m", "hr": "h", "msec": "ms"}.get(lower.rstrip("s"), "")
    raise DurationError(f"its unit is none of {known}", f"1{near or 's'}")
