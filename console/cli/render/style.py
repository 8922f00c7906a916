"""State as word, glyph and colour, never colour alone; and text folded to the width."""

from __future__ import annotations

import re
import textwrap
from enum import Enum

from console.cli.terminal import Terminal

_SGR = re.compile(r"\x1b\[[0-9;]*m")
RESET = "\x1b[0m"


def bare(painted: str) -> str:
    """The text without its colours."""
    return _SGR.sub("", painted)


class Mark(Enum):
    """A state: its word, its glyph, the glyph where there is no Unicode, its colour (SGR)."""

    DONE = ("done", "✓", "+", "32")
    FAILED = ("failed", "✗", "x", "31")
    RUNNING = ("wait", "●", "*", "36")
    WARNING = ("warning", "!", "!", "33")
    NOTE = ("note", "·", "-", "")
    WARM = ("warm", "◐", "o", "36")
    OFF = ("stopped", "○", ".", "2")

    @property
    def word(self) -> str:
        """The word that stands beside the glyph."""
        return str(self.value[0])


class Style:
    """Paints for one terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def paint(self, text: str, sgr: str) -> str:
        """The text in a colour, if this terminal has any."""
        return f"\x1b[{sgr}m{text}{RESET}" if self.terminal.colour and sgr else text

    def dim(self, text: str) -> str:
        """Less important text."""
        return self.paint(text, "2")

    def bold(self, text: str) -> str:
        """The headline."""
        return self.paint(text, "1")

    def mark(self, mark: Mark, word: str | None = None, *, width: int = 0) -> str:
        """Glyph and word, painted, padded to `width` characters (measured without the colour)."""
        _, glyph, plain, sgr = mark.value
        text = f"{glyph if self.terminal.unicode else plain} {mark.word if word is None else word}"
        return self.paint(text, sgr) + " " * max(0, width - len(text))

    def text(self, text: str) -> str:
        """Our own punctuation, for terminals without Unicode too."""
        return text if self.terminal.unicode else text.replace("→", "->").replace("…", "...")

    def fold(self, text: str, *, first: int, indent: int) -> list[str]:
        """Lines that fit: the first has `first` columns taken already, the others begin with `indent` blanks."""
        room = self.terminal.width
        return textwrap.wrap(
            text,
            width=max(20, room),
            initial_indent=" " * min(first, room // 2),
            subsequent_indent=" " * min(indent, room // 2),
            break_on_hyphens=False,
        ) or [" " * first]

    def width_of(self, painted: str) -> int:
        """How many characters of this painted text fit: the terminal's width and the colour codes in it."""
        return self.terminal.width + len(painted) - len(bare(painted))

    def fit(self, text: str, width: int) -> str:
        """The text cut to a width, with a sign that it was."""
        dots = self.text("…")
        return text if len(text) <= width else text[: max(0, width - len(dots))] + dots

    def hang(self, text: str, *, indent: int) -> list[str]:
        """Lines that fit, the second and later ones indented; colour in `text` counts as width."""
        first = len(text) - len(text.lstrip())
        return self.fold(text.lstrip(), first=first, indent=indent)
