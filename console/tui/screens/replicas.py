"""Every replica in detail."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.model.observed import Replica
from console.model.release import image_name, short_id
from console.tui.names import memory
from console.tui.paint import Line, Rows, Tone, line, toned
from console.tui.screens.logs import LogsScreen
from console.tui.screens.page import Page
from console.tui.widgets.colors import up_since

_LOOK = 1.0


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
        self._owners: tuple[str, ...] = ()

    def on_mount(self) -> None:
        """Look now, and as long as it is open."""
        self._fill()
        self.set_interval(_LOOK, self._fill)

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        view = self.console.board.sample.view
        count = len(view.observed.replicas) if view else 0
        return line((" replicas ", Tone.STRONG), f"{count}")

    def action_logs(self) -> None:
        """The output of the replica that the cursor is on."""
        place = self.pager.cursor or 0
        if place < len(self._owners):
            self.app.push_screen(LogsScreen(self._owners[place]))

    def _fill(self) -> None:
        board = self.console.board
        view = board.sample.view
        rows: list[Line] = []
        owners: list[str] = []
        for replica in view.observed.replicas if view else ():
            usage = board.usage.get(replica.id)
            cpu = f"{usage.cpu_percent or 0:.1f} %, {memory(usage.memory_bytes)}" if usage else "not read so far"
            block = _block(replica, cpu=cpu, up=up_since(replica, board.now))
            rows += block
            owners += [replica.name] * len(block)
        self._owners = tuple(owners)
        if tuple(rows) != self.pager.lines:
            self.pager.put(tuple(rows))


def _block(replica: Replica, *, cpu: str, up: str) -> Rows:
    bad = replica.health.value == "unhealthy" or bool(replica.exit_code)
    state = replica.state.value + (f", exit code {replica.exit_code}" if replica.exit_code is not None else "")
    facts = (
        ("id", short_id(replica.id)),
        ("image", f"{image_name(replica.image)}  {short_id(replica.image_id)}"),
        ("address", replica.address or "none"),
        ("started", f"{replica.started_at}  {up}".strip() or "never"),
        ("restarts", f"{replica.restarts}"),
        ("uses", cpu),
        ("probe", replica.health_output or "said nothing"),
    )
    head = line(
        (replica.name, toned(replica.color.value)), "  ", (state, Tone.BAD if bad else Tone.STRONG), "  ",
        (replica.health.value, Tone.BAD if bad else Tone.PLAIN),
    )  # fmt: skip
    return (head, *(line((f"  {name:<9}", Tone.DIM), value) for name, value in facts), ())
