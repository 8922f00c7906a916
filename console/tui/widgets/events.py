"""Panel 5: what happened, newest at the bottom; it follows, until somebody scrolls up."""

from __future__ import annotations

from console.cli.render.durations import clock
from console.observe.view import News
from console.tui.board import Board
from console.tui.paint import Line, Rows, Tone, line
from console.tui.telling import Told

_ILL = frozenset({"die", "kill", "oom", "unhealthy"})


def events_of(board: Board, words: str) -> tuple[Told, ...]:
    """The events that have all the words in them, in order of time."""
    view = board.sample.view
    merged = [*board.told, *(_news(news) for news in (view.news if view else ()))]
    merged.sort(key=lambda told: told.at)
    wanted = words.lower().split()
    return tuple(told for told in merged if all(word in told.text.lower() for word in wanted))


def events_rows(found: tuple[Told, ...], width: int, height: int, *, words: str = "", back: int = 0) -> Rows:
    """As many as there are rows for, `back` lines before the newest."""
    if not found:
        nothing = f"no event has {words!r} in it" if words else "nothing has happened since this screen was opened"
        return (line((nothing, Tone.DIM)),)
    end = max(min(height, len(found)), len(found) - back)
    return tuple(_row(told) for told in found[max(0, end - height) : end]) if width else ()


def events_note(board: Board, *, words: str = "", back: int = 0) -> Line:
    """The filter, and how far back this is."""
    del board
    parts = [f"/{words}"] if words else []
    parts += [f"{back} newer below"] if back else []
    return line(("  ".join(parts), Tone.ACCENT)) if parts else ()


def _row(told: Told) -> Line:
    return line((f"{clock(told.at)} ", Tone.DIM), (told.text, told.tone))


def _news(news: News) -> Told:
    code = f", exit code {news.exit_code}" if news.exit_code is not None and news.what == "die" else ""
    tone = Tone.WARN if news.what in _ILL else Tone.DIM
    return Told(at=news.at, text=f"{news.color.value} {news.replica}: {news.what}{code}", tone=tone)
