"""Tones to styles. Sixteen colours of the user's own terminal come first, since `COLORTERM` does not cross SSH."""

from __future__ import annotations

from rich.style import Style

from console.tui.paint import Tone

THEMES = ("ansi-dark", "ansi-light", "textual-dark", "textual-light", "nord", "gruvbox")
"""What the palette offers; the first is the default."""

_COLOURS = {
    Tone.PLAIN: Style(),
    Tone.DIM: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.FRAME: Style(dim=True),
    Tone.ACCENT: Style(color="cyan", bold=True),
    Tone.GOOD: Style(),
    Tone.WARN: Style(color="yellow", bold=True),
    Tone.BAD: Style(color="red", bold=True),
    Tone.ALARM: Style(color="red", bold=True, reverse=True),
    Tone.BLUE: Style(color="blue"),
    Tone.GREEN: Style(color="green"),
    Tone.CURSOR: Style(reverse=True),
}
"""Calm when all is well: what is good has no colour of its own."""

_WITHOUT = {
    Tone.PLAIN: Style(),
    Tone.DIM: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.FRAME: Style(dim=True),
    Tone.ACCENT: Style(bold=True),
    Tone.GOOD: Style(),
    Tone.WARN: Style(bold=True),
    Tone.BAD: Style(bold=True, underline=True),
    Tone.ALARM: Style(bold=True, reverse=True),
    Tone.BLUE: Style(),
    Tone.GREEN: Style(),
    Tone.CURSOR: Style(reverse=True),
}


def style_of(tone: Tone, *, colours: bool) -> Style:
    """How a tone is drawn."""
    return (_COLOURS if colours else _WITHOUT)[tone]
