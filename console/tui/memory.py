"""What Textual would keep of widgets that are gone, given back.

It remembers two styles for each pair of backgrounds, but for each widget anew, and with them all the rows that the
widget ever drew. Every dialog would leave some 1,400 objects behind, and the collector's pauses grow with them: after
forty dialogs a key waited a tenth of a second for one.
"""

from __future__ import annotations

from functools import lru_cache

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style


@lru_cache(256)
def _inner_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base_background + background), Style(background=base_background)


def _remembered(_: StylesCache, base_background: Color, background: Color) -> tuple[Style, Style]:
    return _inner_outer(base_background, background)


def forget_dead_widgets() -> None:
    """Let Textual remember the styles by their colours alone. Idempotent."""
    StylesCache.get_inner_outer = _remembered  # type: ignore[assignment,method-assign]
