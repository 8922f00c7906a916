"""Better words for what argparse says, with a suggestion. Loaded with the parser, works only on errors."""

from __future__ import annotations

import re
from collections.abc import Collection

_CHOICE = re.compile(r"argument (?P<argument>[^:]+): invalid choice: '(?P<found>[^']*)' \(choose from (?P<known>.*)\)")
_VALUE = re.compile(r"argument (?:.*/)?(?P<option>--[^:]+): expected one argument")
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<found>.*)")


def better_message(message: str, *, commands: Collection[str], options: Collection[str]) -> str:
    """The message with its closest suggestion; unchanged when there is none."""
    if choice := _CHOICE.fullmatch(message):
        if choice["argument"] == "command":
            return f"there is no command {choice['found']!r}{_closest(choice['found'], commands)}"
        known = [name.strip("' ") for name in choice["known"].split(",")]
        return f"{choice['argument']} is one of {', '.join(known)}, not {choice['found']!r}"
    if unknown := _UNKNOWN.fullmatch(message):
        first = unknown["found"].split()[0].split("=")[0]
        return f"unknown argument: {unknown['found']}{_closest(first, options) if first.startswith('-') else ''}"
    if value := _VALUE.fullmatch(message):
        return f"{value['option']} needs a value (one that begins with a dash: {value['option']}=VALUE)"
    return message


def _closest(found: str, known: Collection[str]) -> str:
    import difflib  # noqa: PLC0415 - only a mistake needs it

    if found in known:
        return " (it stands after the command)"
    matches = difflib.get_close_matches(found, sorted(known), n=1, cutoff=0.6)
    return f" (did you mean {matches[0]}?)" if matches else ""
