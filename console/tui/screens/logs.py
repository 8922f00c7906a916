"""The output of one replica, as it comes."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from console.model.errors import RolloutError
from console.tui.paint import Line, Rows, Tone, line
from console.tui.screens.page import Page

TAIL = 1000
"""Lines that are kept in view; the runtime has the rest."""
_LOOK = 1.0
"""Seconds between looks while somebody follows."""


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
        self._problem = ""
        self._stamped = False

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
        self._known = ()
        self._look()

    def action_other(self, step: int) -> None:
        """Another replica."""
        view = self.console.board.sample.view
        names = [replica.name for replica in view.observed.replicas] if view else []
        if not names:
            return
        place = names.index(self._replica) if self._replica in names else 0
        self._replica = names[(place + step) % len(names)]
        self._known, self._problem = (), ""
        self.pager.follow = True
        self.pager.put(())
        self._look()

    def title_row(self) -> Line:
        """Whose output it is."""
        mode = line(("following", Tone.ACCENT)) if self.pager.follow else line(("stays here, f follows", Tone.DIM))
        problem = line((f"  {self._problem}", Tone.BAD)) if self._problem else ()
        return (*line((" logs ", Tone.STRONG), f"{self._replica}  "), *mode, *problem)

    @work(exclusive=True, group="logs")
    async def _look(self) -> None:
        name, stamped = self._replica, self._stamped
        try:
            found = await self.console.ask(lambda desk: desk.logs(name, tail=TAIL, timestamps=stamped))
        except RolloutError as error:
            self._problem = error.found
            self.redraw()
            return
        self._problem = ""
        if (name, stamped) != (self._replica, self._stamped) or found == self._known:
            return
        gone = shift(self._known, found)
        self._known = found
        self.pager.put(_stamped_rows(found) if stamped else _rows(found), gone=gone)


def shift(before: tuple[str, ...], now: tuple[str, ...]) -> int:
    """How many of the first lines of `before` are no longer in `now`, both being the last lines of one output."""
    for gone in range(len(before)):
        rest = before[gone:]
        if now[: len(rest)] == rest:
            return gone
    return len(before)


def _stamped_rows(lines: tuple[str, ...]) -> Rows:
    """The time of day before each line, UTC to the millisecond."""
    parts = (text.partition(" ") for text in lines)
    return tuple(line((f"{at[11:23]} ", Tone.DIM), text) for at, _, text in parts)


def _rows(lines: tuple[str, ...]) -> Rows:
    return tuple(line(text) for text in lines)
