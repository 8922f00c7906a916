"""The output of one replica, as it comes."""

from __future__ import annotations

import re
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from console.cli.render.durations import moment
from console.model.errors import RolloutError
from console.tui.paint import Line, Rows, Tone, line
from console.tui.screens.page import Page

TAIL = 1000
"""Lines that are asked for, and kept while somebody follows; the runtime has the rest."""
KEPT = 10_000
"""Lines that are kept while somebody reads: what is looked at does not go away because more is written."""
LONGEST = 4_000
"""Characters of a line that are shown."""
_MISSED = "[more was written here than is read at a time]"
_LOOK = 1.0
"""Seconds between looks."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\S* ?")
"""RFC 3339, as runtimes put it before each line."""


class LogsScreen(Page):
    """Follows the end, until somebody scrolls up; `f` goes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "end", show=False),
        Binding("t", "times", show=False),
        Binding("left_square_bracket", "other(-1)", show=False),
        Binding("right_square_bracket", "other(1)", show=False),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("f", "follow"),
        ("[ ]", "other replica"),
        ("/", "search"),
        ("n", "next"),
        ("w", "wrap"),
        ("t", "times"),
        ("y", "copy"),
        ("Esc", "back"),
    )

    def __init__(self, replica: str) -> None:
        super().__init__()
        self._replica = replica
        self._known: tuple[str, ...] = ()
        self._rows: Rows = ()
        """Those of `_known`, which are made once."""
        self._problem = ""
        self._stamped = False
        self._asked = ""
        """The replica whose output is being read now."""

    def on_mount(self) -> None:
        """Begin at the end."""
        self.pager.follow = True
        self._look()
        self.set_interval(_LOOK, self._look)

    def action_end(self) -> None:
        """Follow again."""
        self.pager.action_follow()

    def action_times(self) -> None:
        """When each line was written, or not."""
        self._stamped = not self._stamped
        self._rows = ()
        self._fill()

    def action_other(self, step: int) -> None:
        """Another replica."""
        view = self.console.board.sample.view
        names = [replica.name for replica in view.observed.replicas] if view else []
        if not names:
            return
        place = names.index(self._replica) if self._replica in names else 0
        self._replica = names[(place + step) % len(names)]
        self._known, self._rows, self._problem = (), (), ""
        self.pager.follow = True
        self.pager.put(())
        self._look()

    def title_row(self) -> Line:
        """Whose output it is."""
        mode = line(("following", Tone.ACCENT)) if self.pager.follow else line(("stays here, f follows", Tone.DIM))
        problem = line((f"  {self._problem}", Tone.BAD)) if self._problem else ()
        return (*line((" logs ", Tone.STRONG), f"{self._replica}  "), *mode, *problem)

    def _look(self) -> None:
        """Read, unless that is under way: a runtime that needs longer than the time between looks gets its time."""
        if self._asked != self._replica:
            self._asked = self._replica
            self._read(self._replica)

    @work(exclusive=True, group="logs")
    async def _read(self, name: str) -> None:
        try:
            found = await self.console.ask(lambda desk: desk.logs(name, tail=TAIL))
        except RolloutError as error:
            self._show_problem(error.found)
        else:
            self._show_problem("")
            self._take(found)
        finally:
            if self._asked == name:
                self._asked = ""

    def _show_problem(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self.redraw()

    def _take(self, found: tuple[str, ...]) -> None:
        if self._known and found == self._known[-len(found) :]:
            return
        self._known, gone = joined(self._known, found, most=TAIL if self.pager.follow else KEPT)
        self._fill(gone)

    def _fill(self, gone: int = 0) -> None:
        same = self._rows[gone:]
        self._rows = (*same, *(_row(text, stamped=self._stamped) for text in self._known[len(same) :]))
        self.pager.put(self._rows or (line(("nothing was written so far", Tone.DIM)),), gone=gone)


def joined(before: tuple[str, ...], now: tuple[str, ...], *, most: int) -> tuple[tuple[str, ...], int]:
    """What was read before and what is new, at most so many lines; and how many went away at the beginning.

    Lines have their times with them, so that no two of them are taken for one.
    """
    tail = before[-len(now) :] if now else ()
    known = len(tail) - shift(tail, now)
    missed = (_MISSED,) if before and not known and len(now) >= TAIL else ()
    lines = (*before, *missed, *now[known:])
    gone = max(0, len(lines) - most)
    return lines[gone:], min(gone, len(before))


def shift(before: tuple[str, ...], now: tuple[str, ...]) -> int:
    """How many of the first lines of `before` are no longer in `now`, both being the last lines of one output."""
    for gone in range(len(before)):
        rest = before[gone:]
        if now[: len(rest)] == rest:
            return gone
    return len(before)


def _row(text: str, *, stamped: bool) -> Line:
    """One line; before it the time of day when it was written, as the events have theirs, to the millisecond."""
    found = _STAMP.match(text)
    words = text[found.end() :] if found else text
    shown = words if len(words) <= LONGEST else f"{words[:LONGEST]} [{len(words) - LONGEST} more characters]"
    at = moment(found[0].strip()) if found and stamped else None
    if at is None:
        return line(shown)
    return line((f"{at:%H:%M:%S}.{at.microsecond // 1000:03} ", Tone.DIM), shown)
