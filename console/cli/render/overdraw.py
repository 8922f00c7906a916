"""Lines on a terminal that are drawn over in place.

Each line is cleared by itself. Clearing from the first row to the end of the screen instead would make tmux, among
others, keep what was there: a scrollback full of old screens after a minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from console.cli.render.style import bare
from console.cli.terminal import Terminal

_OMITTED = "... {} more lines than this terminal has room for"
_CLEAR_REST = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


class Overdraw:
    """What is to be written to a terminal to draw lines over those that were drawn before."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        """Characters of each line that is on the screen."""

    def draw(self, lines: Sequence[str], terminal: Terminal) -> str:
        """These lines in the place of the last ones. What the screen has no room for is counted, lest it scroll."""
        up, columns, room = _up(self._rows(terminal)), terminal.columns, max(1, terminal.rows - 1)
        lengths = [len(bare(line)) for line in lines]
        if _folded(lengths, columns) > room:
            lines = _those_that_fit(lines, lengths, columns, room)
            lengths = [len(bare(line)) for line in lines]
        self._lengths = lengths
        # In a last column that is filled the cursor still stands on the last character: nothing is left to clear there.
        drawn = (
            f"{line}{'' if length and length % columns == 0 else _CLEAR_REST}\n"
            for line, length in zip(lines, lengths, strict=True)
        )
        return f"{up}{''.join(drawn)}{_CLEAR_BELOW if up else ''}"

    def erase(self, terminal: Terminal) -> str:
        """Nothing in the place of the last ones; what is written next begins there."""
        rows, self._lengths = self._rows(terminal), []
        empty = f"{_CLEAR_REST}\n"
        return f"{_up(rows)}{empty * rows}{_up(rows)}"

    def _rows(self, terminal: Terminal) -> int:
        """How many rows the last ones take on the terminal as it is now; what it scrolled away is out of reach."""
        return min(_folded(self._lengths, terminal.columns), terminal.rows - 1)


def _folded(lengths: Iterable[int], columns: int) -> int:
    """How many rows lines of these lengths take: a narrow terminal folds them."""
    return sum(max(1, math.ceil(length / columns)) for length in lengths)


def _those_that_fit(lines: Sequence[str], lengths: Sequence[int], columns: int, room: int) -> list[str]:
    """The first of them, how many are left out, and the last one, which may say what to type next."""
    omitted = len(_OMITTED.format(len(lines)))
    last = 1 if _folded([omitted, lengths[-1]], columns) <= room else 0
    end = len(lines) - last
    fit = 0
    while _folded([*lengths[: fit + 1], omitted, *lengths[end:]], columns) <= room:
        fit += 1
    return [*lines[:fit], _OMITTED.format(end - fit), *lines[end:]]


def _up(rows: int) -> str:
    """To the first column, since the terminal may have echoed a `^C`, and up."""
    return f"\r\x1b[{rows}A" if rows else ""
