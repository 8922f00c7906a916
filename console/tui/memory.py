"""The collector's pauses, kept so short that no key waits for one.

A dialog is some 7,000 objects in circles, which only a full collection finds. Left alone it looks through everything
that was ever loaded, and finds several dialogs at once: a pause of a tenth of a second while the next one is opened.
"""

from __future__ import annotations

import gc
from functools import lru_cache

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style


@lru_cache(256)
def _inner_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base_background + background), Style(background=base_background)


def _remembered(_: StylesCache, base_background: Color, background: Color) -> tuple[Style, Style]:
    return _inner_outer(base_background, background)


def keep_what_is_loaded() -> None:
    """Leave everything that is there now out of later collections: it stays."""
    gc.collect()
    gc.freeze()


def collect_what_was_closed() -> None:
    """Look through what came after `keep_what_is_loaded`: a few milliseconds for each screen that was closed."""
    if gc.get_freeze_count():
        gc.collect()


def forget_dead_widgets() -> None:
    """Let Textual remember two styles by their colours alone: by the widget, it keeps all that the widget ever drew.

    Otherwise 1,400 objects of each dialog would stay for ever. Idempotent.
    """
    StylesCache.get_inner_outer = _remembered  # type: ignore[assignment,method-assign]
