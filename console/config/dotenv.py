"""The few variables of a project's `.env` that decide which Compose files there are.

Compose interpolates everything else by itself; values never leave this module except by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LARGEST = 1024 * 1024
"""Bytes; a larger `.env` is left to Compose."""

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*[=:](?P<value>.*)", re.ASCII)
_REFERENCE = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<how>:?-)(?P<default>[^}]*))?\})",
    re.ASCII,
)


def read_dotenv(path: Path) -> str:
    """The text of a `.env` file; empty when it is missing, unreadable or no text."""
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def lookup(text: str, name: str, environ: Mapping[str, str]) -> str | None:
    """The value that a `.env` text gives to a variable, with its own references resolved; None when it gives none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None:
            value, literal = unquote(match["value"])
            found[match["name"]] = value if literal else _expand(value, {**found, **environ})
    return found.get(name)


def unquote(raw: str) -> tuple[str, bool]:
    """A value without quotes and trailing comment, and whether it is literal (single quotes: no references)."""
    text = raw.strip()
    for quote in ("'", '"'):
        if text.startswith(quote) and (end := text.find(quote, 1)) > 0:
            return text[1:end], quote == "'"
    return re.split(r"\s+#", text, maxsplit=1)[0].strip(), False


def _expand(value: str, known: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        value = known.get(match["plain"] or match["name"])
        if match["how"] == ":-":
            return value or match["default"]
        if match["how"] == "-":
            return match["default"] if value is None else value
        return value or ""

    return _REFERENCE.sub(replace, value)
