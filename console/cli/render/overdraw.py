"""Lines on a terminal that are drawn over in place.

Each line is cleared by itself. Clearing from the first row to the end of the screen instead would make tmux, among
others, keep what was there: a scrollback full of old screens after a minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from console.cli.render.style import bare
from console.cli.terminal import Terminal

_CLEAR_LINE = "\x1b[2K"
_CLEAR_BELOW = "\x1b[J"


class Overdraw:
    """What is to be written to a terminal to draw lines over those that were drawn before."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        """Characters of each line that is on the screen."""

    def draw(self, lines: Sequence[str], terminal: Terminal) -> str:
        """These lines in the place of the last ones. What the screen has no room for is counted, lest it scroll."""
        rows, room = self._rows(terminal), max(1, terminal.rows - 1)
        if len(lines) > room:
            lines = [*lines[: room - 1], f"... {len(lines) - room + 1} more lines, for which this terminal is too low"]
        self._lengths = [len(bare(line)) for line in lines]
        return f"{_up(rows)}{_drawn(lines)}{_CLEAR_BELOW if rows else ''}"

    def erase(self, terminal: Terminal) -> str:
        """Nothing in the place of the last ones; what is written next begins there."""
        rows, self._lengths = self._rows(terminal), []
        return f"{_up(rows)}{_drawn([''] * rows)}{_up(rows)}"

    def _rows(self, terminal: Terminal) -> int:
        """How many rows the last ones take: a terminal that became narrower has folded them."""
        rows = sum(max(1, math.ceil(length / terminal.columns)) for length in self._lengths)
        return min(rows, terminal.rows - 1)


def _up(rows: int) -> str:
    """To the first column, since the terminal may have echoed a `^C`, and up."""
    return f"\r\x1b[{rows}A" if rows else ""


def _drawn(lines: Iterable[str]) -> str:
    return "".join(f"{_CLEAR_LINE}{line}\n" for line in lines)
