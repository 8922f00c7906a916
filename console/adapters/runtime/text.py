"""Text from outside, made safe to show: containers, logs and commands may print anything."""

from __future__ import annotations

import re

# ECMA-48: CSI and OSC sequences whole, so that their parameters don't stay behind as text.
_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text: str | bytes) -> str:
    """Decode and strip terminal sequences and control characters; line feeds and tabs stay."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return _CONTROLS.sub("", _SEQUENCES.sub("", decoded.replace("\r\n", "\n").replace("\r", "\n")))


def telling_words(text: str | bytes) -> str:
    """Why a proxy ended, from its output: its last `[emerg]` line, else its last line; empty when it said nothing."""
    lines = [line.strip() for line in clean(text).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "[emerg]" in line), lines[-1] if lines else "")


def last_lines(text: str, count: int) -> str:
    """The last few lines that say something, joined for an error message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:])
