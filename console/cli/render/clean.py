"""Text from outside, made harmless for a terminal."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\x1b[\]P^_X][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS and kin: titles, clipboard
    r"|\x1b[ -/]*[0-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)
"""C0 and C1 controls, the marks that turn the direction of text around, and what no encoding can carry."""
_BLANKS = re.compile(r"[\t\n\r]+")


def clean(text: str) -> str:
    """One line without control characters and escape sequences; line ends and tabs become a space."""
    return _CONTROL.sub("", _BLANKS.sub(" ", _SEQUENCE.sub("", text)))


def clean_lines(text: str) -> tuple[str, ...]:
    """The same, line by line; blank lines at the end are dropped."""
    return tuple(clean(line) for line in text.rstrip().splitlines())
