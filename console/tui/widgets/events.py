"""Panel 5: what happened, newest at the bottom; it follows, until somebody scrolls up."""

from __future__ import annotations

from functools import lru_cache

from console.cli.render.durations import clock
from console.observe.view import News
from console.tui.board import Board
from console.tui.paint import Line, Rows, Tone, columns_of, line, text_of, width_of, wrapped
from console.tui.telling import Told

_TALL = 12
"""Rows from which every event is told whole."""
_CLOCK = 9
"""Columns of an event's time."""
_LOUD = frozenset({Tone.WARN, Tone.BAD, Tone.ALARM})
_ILL = frozenset({"die", "kill", "oom", "unhealthy"})


def events_of(board: Board, words: str) -> tuple[Told, ...]:
    """The events that have all the words in them, in order of time."""
    view = board.sample.view
    merged = [*board.told, *(_news(news) for news in (view.news if view else ()))]
    merged.sort(key=lambda told: told.at)
    wanted = words.lower().split()
    return tuple(told for told in merged if all(word in told.text.lower() for word in wanted))


def events_rows(found: tuple[Told, ...], width: int, height: int, *, words: str = "", back: int = 0) -> Rows:
    """As many as there are rows for, `back` events before the newest."""
    if not found:
        nothing = f"no event has {words!r} in it" if words else "nothing has happened since this screen was opened"
        return (line((nothing, Tone.DIM)),)
    loud = _loud(found) if height < _TALL else -1
    rows: list[Line] = []
    for place in range(max(reach(found, width, height), len(found) - back) - 1, -1, -1):
        room = height - len(rows)
        if room <= 0 or not width:
            break
        own = _rows(found[place], width, _most(place, loud, height))
        rows[:0] = own if len(own) <= room else (_row(found[place]),)
    return tuple(rows)


def reach(found: tuple[Told, ...], width: int, height: int) -> int:
    """How many of the oldest events are seen together: nobody needs to scroll back further than to them."""
    loud, used = (_loud(found) if height < _TALL else -1), 0
    for place, told in enumerate(found[:height]):
        used += len(_rows(told, width, _most(place, loud, height)))
        if used > height:
            return max(1, place)
    return min(height, len(found))


def events_note(board: Board, *, words: str = "", back: int = 0) -> Line:
    """The filter, and how far back this is."""
    del board
    parts = [f"/{words}"] if words else []
    parts += [f"{back} newer below"] if back else []
    return line(("  ".join(parts), Tone.ACCENT)) if parts else ()


def _loud(found: tuple[Told, ...]) -> int:
    """Place of the newest event that tells of trouble; -1 without one."""
    return next((place for place in range(len(found) - 1, -1, -1) if found[place].tone in _LOUD), -1)


def _most(place: int, loud: int, height: int) -> int:
    """Rows at most for an event: all that it needs in a tall panel, else two for the newest one of trouble."""
    return height if height >= _TALL else 1 + (place == loud and height > 1)


def _rows(told: Told, width: int, most: int) -> Rows:
    row = _row(told)
    if most == 1 or width <= _CLOCK or width_of(row) <= width:
        return (row,)
    first, *others = _folded(told.text, width - _CLOCK, most)
    indent = " " * _CLOCK
    return (_row(told, first), *(line(indent, (text, told.tone)) for text in others))


@lru_cache(256)
def _folded(text: str, width: int, most: int) -> tuple[str, ...]:
    """The text in rows of words; the last one is too long where more than so many would be needed."""
    words = [line(part) for word in text.split() for part in _parts(word, width)]
    rows = tuple(text_of(row) for row in wrapped(words, width))
    return rows if len(rows) <= most else (*rows[: most - 1], " ".join(rows[most - 1 :]))


def _parts(word: str, width: int) -> list[str]:
    """A word, in pieces when it is wider than a row: it may be a command's whole list of paths."""
    if columns_of(word) <= width:
        return [word]
    size = width if word.isascii() else max(1, width // 2)
    return [word[start : start + size] for start in range(0, len(word), size)]


def _row(told: Told, text: str = "") -> Line:
    return line((f"{clock(told.at)} ", Tone.DIM), (text or told.text, told.tone))


def _news(news: News) -> Told:
    code = f", exit code {news.exit_code}" if news.exit_code is not None and news.what == "die" else ""
    tone = Tone.WARN if news.what in _ILL else Tone.DIM
    return Told(at=news.at, text=f"{news.color.value} {news.replica}: {news.what}{code}", tone=tone)
