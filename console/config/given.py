"""A value that somebody gave, with its place; and the parsers that note a problem instead of raising."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from console.config.durations import DurationError, format_duration, parse_duration, parse_seconds
from console.model.errors import Problem

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})", re.ASCII)
_SHOWN = 60
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value and where it comes from."""

    value: object
    where: str
    """`x-rollout.smoke.status`, `--smoke-status` or `ROLLOUT_SMOKE_STATUS`."""
    place: str = ""
    written: str | None = None
    """The text in the file where it differs from the value: interpolated values are never shown."""
    bare_seconds: bool = False
    """Whether a number without unit is a duration: in flags and environment variables, as in any script."""
    unknown: bool = False
    """Whether the value can't be known, because Compose did not interpolate it."""

    def shown(self) -> str:
        """The value for people, as it is written, or its type."""
        if self.written is not None:
            return f"`{_short(self.written)}`"
        if isinstance(self.value, bool) or self.value is None:
            return f"`{'null' if self.value is None else str(self.value).lower()}`"
        if isinstance(self.value, str | int | float):
            return f"`{_short(str(self.value))}`"
        return "a list" if isinstance(self.value, list) else "a mapping"


class Problems:
    """Collects every problem; each parser gives None for what it had to refuse."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def found(self) -> tuple[Problem, ...]:
        """All problems so far, in order, each once."""
        return tuple(dict.fromkeys(self._found))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems that were found elsewhere."""
        self._found += problems

    def add(self, given: Given, message: str, hint: str = "") -> None:
        """Note a problem of a value."""
        self._found.append(Problem(where=given.where, message=message, hint=hint, place=given.place))

    def text(self, given: Given, *, what: str = "a text") -> str | None:
        """A text that is not empty."""
        if given.unknown:
            return None
        if isinstance(given.value, str) and given.value.strip() and given.value.isprintable():
            return given.value.strip()
        empty = given.value is None or given.value == ""
        self.add(given, f"must be {what}, not {'empty' if empty else given.shown()}")
        return None

    def choice(self, given: Given, known: Iterable[str], *, unavailable: Iterable[str] = ()) -> str | None:
        """One of several words; `unavailable` ones are told as not there yet."""
        word = self.text(given, what=f"one of {', '.join(known)}")
        if word is None or word in known:
            return word
        if word in unavailable:
            self.add(given, f"{given.shown()} is not available yet", f"use {' or '.join(known)}")
            return None
        self.add(given, f"must be one of {', '.join(known)}, not {given.shown()}", did_you_mean(word, known))
        return None

    def integer(self, given: Given, *, low: int, high: int, clamp: bool = False) -> int | None:
        """A whole number from `low` to `high`; `clamp` moves it there instead of refusing it."""
        if given.unknown:
            return None
        value = given.value.strip() if isinstance(given.value, str) else given.value
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(given, f"must be a whole number, not {given.shown()}")
            return None
        if clamp:
            return min(max(value, low), high)
        if not low <= value <= high:
            self.add(given, f"must be from {low} to {high}, not {given.shown()}")
            return None
        return value

    def number(self, given: Given, *, low: float, high: float) -> float | None:
        """A number from `low` to `high`."""
        if given.unknown:
            return None
        value = given.value.strip() if isinstance(given.value, str) else given.value
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(given, f"must be a number, not {given.shown()}")
            return None
        if not low <= value <= high:
            self.add(given, f"must be from {low:g} to {high:g}, not {given.shown()}")
            return None
        return float(value)

    def boolean(self, given: Given) -> bool | None:
        """True or false; as text, too, since that is what interpolation gives."""
        if given.unknown:
            return None
        value = given.value.strip().lower() if isinstance(given.value, str) else given.value
        if isinstance(value, bool):
            return value
        if value in {"true", "false"}:
            return value == "true"
        self.add(given, f"must be true or false, not {given.shown()}")
        return None

    def duration(
        self, given: Given, *, low: float = 0.0, high: float = 86400.0 * 366, clamp: bool = False
    ) -> float | None:
        """Seconds of a Compose duration from `low` to `high`; never negative, not even to be clamped."""
        seconds = None if given.unknown else self._seconds(given)
        if seconds is None or low <= seconds <= high:
            return seconds
        if clamp:
            return min(max(seconds, low), high)
        self.add(given, f"must be from {format_duration(low)} to {format_duration(high)}, not {given.shown()}")
        return None

    def _seconds(self, given: Given) -> float | None:
        if isinstance(given.value, bool) or not isinstance(given.value, str | int | float):
            self.add(given, f"must be a duration, not {given.shown()}", "for example 30s or 1m30s")
            return None
        try:
            seconds = (parse_seconds if given.bare_seconds else parse_duration)(str(given.value).strip())
        except DurationError as error:
            hint = "" if given.written is not None else error.suggestion
            self.add(given, f"{given.shown()} is no duration: {error}", f"did you mean {hint}?" if hint else "")
            return None
        if seconds < 0:
            self.add(given, f"a duration can't be negative: {given.shown()}")
            return None
        return seconds

    def url(self, given: Given) -> str | None:
        """An absolute http or https URL without user and fragment."""
        text = self.text(given, what="a URL")
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            self.add(given, "is no URL that can be read", "for example http://127.0.0.1:8080/ready")
            return None
        if parts.username is not None or parts.password is not None:
            # Not shown: it holds a password, and every request would end up with it in a log.
            self.add(given, "must not hold a user or password")
        elif parts.scheme not in {"http", "https"} or not parts.hostname or any(c.isspace() for c in text):
            self.add(given, "must be an absolute http or https URL", "for example http://127.0.0.1:8080/ready")
        elif port == 0:
            self.add(given, "its port must be from 1 to 65535")
        elif parts.fragment:
            self.add(given, "must not hold a `#` part: no server ever sees it")
        else:
            return text if parts.path else parts._replace(path="/").geturl()
        return None

    def path(self, given: Given) -> str | None:
        """The path of a URL, beginning with a slash."""
        text = self.text(given, what="a path")
        if text is None:
            return None
        if not text.startswith("/") or any(character.isspace() or character in "#\\" for character in text):
            hint = "" if text.startswith("/") or given.written is not None else f"did you mean `/{text}`?"
            self.add(given, f"must be a path that begins with `/`, not {given.shown()}", hint)
            return None
        return text

    def port(self, given: Given) -> int | None:
        """A port."""
        return self.integer(given, low=1, high=_LAST_PORT)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion from names that are known; empty when none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def _short(text: str) -> str:
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 3] + "..."
