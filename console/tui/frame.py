"""A panel's rows with its frame around them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.tui.arrangement import PanelName, Place
from console.tui.glyphs import Glyphs
from console.tui.paint import Line, Rows, Span, Tone, fit, width_of

_NAMES = {"┌": 0, "┐": 1, "└": 2, "┘": 3}
_TEES = {"├": 0, "┤": 1, "┬": 2, "┴": 3}


def framed(  # noqa: PLR0913 - the parts of one frame
    content: Sequence[Line],
    place: Place,
    glyphs: Glyphs,
    *,
    name: PanelName,
    title: Line,
    note: Line = (),
    focused: bool,
    tone: Tone = Tone.FRAME,
) -> Rows:
    """The content cut or filled to the place, with the lines around it.

    Args:
        content: rows; what does not fit in height is cut.
        place: where it goes.
        glyphs: what lines are drawn with.
        name: the panel; its number stands in the upper line.
        title: beside the name.
        note: at the right end of the upper line.
        focused: whether keys go to it.
        tone: how its lines are drawn.
    """
    rows = [_upper(place, glyphs, tone, name=name, title=title, note=note, focused=focused)]
    side: Span = (glyphs.vertical, tone)
    blank: Span = (" ", Tone.PLAIN)
    for number in range(place.inner_height):
        row = content[number] if number < len(content) else ()
        body = fit(row, place.inner_width, dots=glyphs.dots)
        rows.append((side, blank, *body, blank, side) if place.right else (side, blank, *body, blank))
    if place.lower:
        left, right = (_sign(sign, glyphs) for sign in place.lower)
        rows.append(((left + glyphs.horizontal * (place.width - 2) + right, tone),))
    return tuple(rows)


def _upper(  # noqa: PLR0913 - as above
    place: Place, glyphs: Glyphs, tone: Tone, *, name: PanelName, title: Line, note: Line, focused: bool
) -> Line:
    label: Line = ((f"{name.number}", Tone.ACCENT if focused else Tone.DIM), (f" {name.value}", Tone.STRONG))
    if focused:
        label = ((glyphs.focus, Tone.ACCENT), *label)
    if title:
        label = (*label, ("  ", Tone.PLAIN), *title)
    label = (*label, (" ", Tone.PLAIN))
    end: Line = ((" ", Tone.PLAIN), *note, (" ", Tone.PLAIN)) if note else ()
    room = place.width - 2 - width_of(end)
    if width_of(label) > room:
        label = fit(label, room, dots=glyphs.dots)
    start = 1 + width_of(label)
    stop = place.width - 1 - width_of(end)
    left, right = (_sign(sign, glyphs) for sign in place.upper)
    rule = "".join(_joint(place, column, glyphs) for column in range(start, stop))
    return ((left, tone), *label, (rule, tone), *end, (right, tone))


def _joint(place: Place, column: int, glyphs: Glyphs) -> str:
    for at, sign in place.joints:
        if at == column:
            return _sign(sign, glyphs)
    return glyphs.horizontal


def _sign(sign: str, glyphs: Glyphs) -> str:
    if sign in _NAMES:
        return glyphs.corners[_NAMES[sign]]
    return glyphs.tees[_TEES[sign]] if sign in _TEES else glyphs.horizontal
