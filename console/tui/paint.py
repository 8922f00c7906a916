"""Rows as data: spans of text, each in a tone. Drawing them is the theme's business, so that rows can be compared.

Every span may hold text from outside. Nothing reaches the terminal without `harmless`: it drops escape sequences and
control characters, and no span is ever read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from console.cli.render.clean import clean


class Tone(Enum):
    """What a piece of text means; a palette gives it its colour and weight."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    FRAME = "frame"
    ACCENT = "accent"
    """The one accent: what is active, what a key is called."""
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ALARM = "alarm"
    """Nobody may miss it."""
    BLUE = "blue"
    GREEN = "green"
    CURSOR = "cursor"


Span = tuple[str, Tone]
Line = tuple[Span, ...]
Rows = tuple[Line, ...]

_REMEMBERED = 500
"""Characters of a text that is worth remembering."""
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Variation selectors: some terminals draw what they follow two columns wide, others one."""


def line(*parts: str | Span) -> Line:
    """A row of its parts, made harmless before anybody counts their columns; plain text may come without a tone."""
    return tuple(
        (harmless(part), Tone.PLAIN) if isinstance(part, str) else (harmless(part[0]), part[1]) for part in parts
    )


def harmless(text: str) -> str:
    """The text without anything that could move a cursor, change a colour or reverse a direction.

    Every character of it takes the columns that are counted for it, wherever it stands: what terminals do not agree
    on (a sign that makes the one before it wider) goes, too.
    """
    if text.isascii() and text.isprintable():
        return text
    return _cleaned(text) if len(text) <= _REMEMBERED else _cleaned.__wrapped__(text)


@lru_cache(2048)
def _cleaned(text: str) -> str:
    return "".join(filter(None, map(_sign, clean(text))))


def _sign(character: str) -> str:
    if character.isspace():
        return " "
    return "" if _SELECTORS.match(character) or not character.isprintable() else character


def unmarked(text: str) -> str:
    """The text for those few places of Textual that read markup: they show it as it is."""
    return harmless(text).replace("[", "\\[")


_ASCII = {"…": "~"}
"""What stands for a sign of our own where there is nothing but ASCII."""


@lru_cache(2048)
def asciified(text: str) -> str:
    """The text for a terminal that has nothing but ASCII."""
    return text if text.isascii() else "".join(c if c.isascii() else _ASCII.get(c) or "?" * cell_len(c) for c in text)


def columns_of(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() and text.isprintable() else cell_len(text)


def width_of(row: Line) -> int:
    """Columns that a row takes."""
    columns = 0
    for text, _ in row:
        columns += columns_of(text)
    return columns


def text_of(row: Line) -> str:
    """A row's text, without its tones."""
    return "".join(text for text, _ in row)


def fit(row: Line, width: int, *, dots: str = "…") -> Line:
    """The row in exactly this many columns: cut with a sign that it was, or filled with blanks."""
    have = width_of(row)
    if have == width:
        return row
    if have < width:
        return (*row, (" " * (width - have), Tone.PLAIN))
    kept: list[Span] = []
    room = max(0, width - len(dots))
    for text, tone in row:
        size = cell_len(text)
        if size >= room:
            kept += [
                (set_cell_size(text, room), tone),
                (dots[: width - sum(cell_len(t) for t, _ in kept) - room], tone),
            ]
            break
        kept.append((text, tone))
        room -= size
    return tuple(kept)


def spread(left: Line, right: Line, width: int, *, dots: str = "…") -> Line:
    """`left` at the left end and `right` at the right one; the left one is cut when both don't fit."""
    room = max(0, width - width_of(right))
    return fit((*fit(left, room, dots=dots), *right), width, dots=dots)


def wrapped(parts: Iterable[Line], width: int, *, gap: str = " ") -> Rows:
    """Pieces in order, as many a row as fit; no piece is torn."""
    rows: list[Line] = []
    row: Line = ()
    for part in parts:
        joined = (*row, (gap, Tone.PLAIN), *part) if row else part
        if row and width_of(joined) > width:
            rows.append(row)
            row = part
        else:
            row = joined
    return tuple([*rows, row] if row else rows)


def toned(color: str) -> Tone:
    """The tone of a set of replicas: its own name."""
    return {"blue": Tone.BLUE, "green": Tone.GREEN}.get(color, Tone.PLAIN)
