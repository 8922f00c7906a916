"""`COMPOSE_FILE` in `.env`: adds the generated override to it, and loses nothing. Pure text."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from console.config.discovery import PINS
from console.config.dotenv import lookup, unquote
from console.model.spec import Spec

_LINE = re.compile(r"(?P<head>\s*(?:export\s+)?COMPOSE_FILE\s*[=:][ \t]*)(?P<value>.*?)(?P<tail>\s*)", re.DOTALL)


def env_line(spec: Spec, environ: Mapping[str, str] | None = None) -> str:
    """The line that makes a plain `docker compose` see the same files as the engine, generated override last."""
    return f"COMPOSE_FILE={_separator('', environ or {}).join([*_files(spec), _pins(spec)])}"


def merge_env(text: str, spec: Spec, environ: Mapping[str, str] | None = None) -> str:
    """A `.env` text whose `COMPOSE_FILE` names the generated override; every other line stays as it is. Idempotent."""
    separator = _separator(text, environ or {})
    lines = text.splitlines(keepends=True)
    found = [number for number, line in enumerate(lines) if _LINE.fullmatch(line)]
    if not found:
        ending = "\r\n" if text.endswith("\r\n") else "\n"
        gap = "" if not text or text.endswith("\n") else ending
        return f"{text}{gap}COMPOSE_FILE={separator.join([*_files(spec), _pins(spec)])}{ending}"
    number = found[-1]  # The last one counts.
    match = _LINE.fullmatch(lines[number])
    if match is None:
        return text
    value, _ = unquote(match["value"])
    names = [name.strip() for name in value.split(separator) if name.strip()]
    if any(os.path.normpath(spec.directory / name) == str(spec.state / PINS) for name in names):
        return text
    merged = separator.join([*(names or _files(spec)), _pins(spec)])
    lines[number] = f"{match['head']}{_replaced(match['value'], value, merged)}{match['tail']}"
    return "".join(lines)


def _replaced(raw: str, old: str, new: str) -> str:
    """The value with its quotes and its comment as they were."""
    if not old:
        return f"{new} {raw}".rstrip() if raw.startswith("#") else (raw[:1] + new + raw[1:] if raw else new)
    return raw.replace(old, new, 1)


def _files(spec: Spec) -> list[str]:
    return [_shown(spec, file) for file in spec.compose_files]


def _pins(spec: Spec) -> str:
    return _shown(spec, spec.state / PINS)


def _shown(spec: Spec, path: Path) -> str:
    return str(path.relative_to(spec.directory)) if path.is_relative_to(spec.directory) else str(path)


def _separator(text: str, environ: Mapping[str, str]) -> str:
    named = lookup(text, "COMPOSE_PATH_SEPARATOR", environ)
    return environ.get("COMPOSE_PATH_SEPARATOR") or named or os.pathsep
