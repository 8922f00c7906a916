"""Durations and times for people."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60
HOUR = 3600
DAY = 86400


def duration(seconds: float) -> str:
    """`8 ms`, `0.21 s`, `12.3 s`, `1 min 30 s`, `2 h 5 min`, `3 d 4 h`; a negative one counts as zero."""
    seconds = max(0.0, seconds)
    if seconds < 0.0005:  # noqa: PLR2004 - would round to 0 ms
        return "<1 ms"
    if seconds < 0.0995:  # noqa: PLR2004 - would round to 100 ms
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:  # noqa: PLR2004 - would round to 10.00 s
        return f"{seconds:.2f} s"
    if seconds < 59.95:  # noqa: PLR2004 - would round to 60.0 s
        return f"{seconds:.1f} s"
    return _long(round(seconds))


def coarse(seconds: float) -> str:
    """Whole units for what counts down: `27 s`, `1 min 30 s`."""
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < MINUTE else _long(whole)


def _long(whole: int) -> str:
    if whole < HOUR:
        return _pair(whole // MINUTE, "min", whole % MINUTE, "s")
    if whole < DAY:
        return _pair(whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    return _pair(whole // DAY, "d", whole % DAY // HOUR, "h")


def _pair(first: int, unit: str, second: int, small: str) -> str:
    return f"{first} {unit} {second} {small}" if second else f"{first} {unit}"


def moment(at: str) -> datetime | None:
    """A recorded UTC time (ISO 8601) as an aware local one; None when it is not a time."""
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        return None
    return parsed.astimezone() if parsed.tzinfo else None


def clock(at: str) -> str:
    """`14:02:31`, local; dashes when it is not a time."""
    found = moment(at)
    return found.strftime("%H:%M:%S") if found else "--:--:--"


def precise(at: float) -> str:
    """`14:02:31.123`, local, of seconds since the epoch."""
    milliseconds = round(at * 1000)
    whole = datetime.fromtimestamp(milliseconds // 1000, UTC).astimezone()
    return f"{whole:%H:%M:%S}.{milliseconds % 1000:03}"


def stamp(at: str) -> str:
    """`2026-03-01 14:02`, local; dashes when it is not a time."""
    found = moment(at)
    return found.strftime("%Y-%m-%d %H:%M") if found else "----------------"
