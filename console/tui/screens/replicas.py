"""Every replica in detail."""

from __future__ import annotations

import time
from itertools import accumulate
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from console.model.observed import Health, Replica
from console.model.release import image_name, short_id
from console.tui.glyphs import Glyphs
from console.tui.layout import broken
from console.tui.names import memory
from console.tui.paint import Line, Rows, Tone, line, toned
from console.tui.screens.logs import LogsScreen
from console.tui.screens.page import Page
from console.tui.widgets.colors import colors_note, up_since

_LOOK = 1.0
_NAME = 9
_PROBE = 6
"""Rows of a probe's output at most."""


class ReplicasScreen(Page):
    """What is known of each replica; `l` leads to its output."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("l,enter", "logs", show=False)]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Up Down", "choose"),
        ("l", "its logs"),
        ("/", "search"),
        ("y", "copy"),
        ("Esc", "back"),
    )
    CURSOR: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._starts: tuple[int, ...] = ()

    def on_mount(self) -> None:
        """Look now, and as long as it is open."""
        self._fill()
        self.set_interval(_LOOK, self._fill)

    def on_resize(self, event: events.Resize) -> None:
        """Break long values anew."""
        super().on_resize(event)
        self._fill()

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        note = colors_note(self.console.board)
        return (*line((" replicas ", Tone.STRONG), f"{len(self._names)}  "), *note)

    def action_logs(self) -> None:
        """The output of the replica that the cursor is on."""
        name = self._chosen()
        if name:
            self.app.push_screen(LogsScreen(name))

    def _chosen(self) -> str:
        place = self.pager.cursor or 0
        before = [name for name, start in zip(self._names, self._starts, strict=True) if start <= place]
        return before[-1] if before else ""

    def _fill(self) -> None:
        if not self.size.width:
            return
        board = self.console.board
        view = board.sample.view
        replicas = view.observed.replicas if view else ()
        now = time.time()
        blocks = []
        for replica in replicas:
            usage = board.usage.get(replica.id)
            uses = f"{usage.cpu_percent or 0:.1f} %, {memory(usage.memory_bytes)}" if usage else "not read so far"
            uses = uses if replica.running else ""
            blocks.append(_block(replica, board.glyphs, uses=uses, now=now, width=self.size.width))
        rows = tuple(row for block in blocks for row in block)
        if rows and rows == self.pager.lines:
            self.redraw()
            return
        chosen = self._chosen()
        self._names = tuple(replica.name for replica in replicas)
        self._starts = tuple(accumulate((len(block) for block in blocks[:-1]), initial=0)) if blocks else ()
        if chosen and chosen not in self._names:
            self.say(f"{chosen} is gone")
        place = self._starts[self._names.index(chosen)] if chosen in self._names else None
        nothing = (line(("there is no replica", Tone.DIM)),)
        self.pager.put(rows or nothing, stops=self._starts, cursor=place)


def _block(replica: Replica, glyphs: Glyphs, *, uses: str, now: float, width: int) -> Rows:
    bad = replica.health is Health.UNHEALTHY or bool(replica.exit_code)
    state = replica.state.value + (f", exit code {replica.exit_code}" if replica.exit_code is not None else "")
    up = up_since(replica, now) if replica.running else ""
    facts = (
        ("id", short_id(replica.id)),
        ("image", f"{image_name(replica.image)}  {short_id(replica.image_id)}"),
        ("address", replica.address or "none"),
        ("started", f"{replica.started_at}  {up}".strip() or "never"),
        ("restarts", f"{replica.restarts}"),
        ("uses", uses or "nothing: it does not run"),
        ("probe", replica.health_output or "said nothing"),
    )
    # Without a healthcheck running is all there is to know, and is said as in the panel of the colors.
    unchecked = (f"{glyphs.well}  ", Tone.GOOD) if replica.running else ("", Tone.PLAIN)
    health = (replica.health.value, Tone.BAD if bad else Tone.PLAIN)
    head = line(
        (replica.name, toned(replica.color.value)), "  ", (state, Tone.BAD if bad else Tone.STRONG), "  ",
        *((unchecked, ("no healthcheck", Tone.DIM)) if replica.health is Health.NONE else (health,)),
    )  # fmt: skip
    return (head, *(row for name, value in facts for row in _fact(name, value, width)), ())


def _fact(name: str, value: str, width: int) -> Rows:
    rows = broken(line(value), max(10, width - _NAME - 3))
    if len(rows) > _PROBE:
        rows = (*rows[: _PROBE - 1], (*rows[_PROBE - 1], (" ...", Tone.DIM)))
    heads = (name, *("" for _ in rows[1:]))
    return tuple(line((f"  {head:<{_NAME}}", Tone.DIM), *row) for head, row in zip(heads, rows, strict=True))
