"""The releases that served, and the way back to any of them."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from console.cli.render.durations import stamp
from console.model.color import Color
from console.model.errors import RolloutError
from console.model.plan import Action
from console.model.release import Release
from console.tui.acting import request_for
from console.tui.board import Board
from console.tui.names import counted, release_name
from console.tui.obstacles import obstacle
from console.tui.paint import Line, Rows, Tone, fit, line, toned, width_of
from console.tui.screens.page import Page
from console.tui.screens.receipt import ReceiptScreen

_LOOK = 1.0
_NAME = 16
_USER = 12


class HistoryScreen(Page):
    """Newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "rollback", show=False),
        Binding("enter,e", "receipt", show=False),
    ]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("Up Down", "choose"),
        ("R", "roll back to it"),
        ("e", "its receipt"),
        ("/", "search"),
        ("y", "copy"),
        ("Esc", "back"),
    )
    CURSOR: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._releases: tuple[Release, ...] = ()
        self._read_at: object = None

    def on_mount(self) -> None:
        """Read it now, and whenever a rollout ends while it is open."""
        self._look()
        self.set_interval(_LOOK, self._look)

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        return line((" history ", Tone.STRONG), f"{counted(len(self._releases), 'release')} that served")

    def action_rollback(self) -> None:
        """Show the plan that leads back to the release under the cursor."""
        release = self._chosen()
        if release is None:
            return
        reason = obstacle("rollback", self.console.board)
        if reason:
            self.say(reason)
            return
        request = request_for(Action.ROLLBACK.value, self.console.board, release=release.id)
        self.dismiss(None)
        self.console.run_worker(self.console.operator.roll(request), group="acts")

    def action_receipt(self) -> None:
        """The evidence of the rollout that made it."""
        release = self._chosen()
        if release is None:
            return
        if release.id:
            self.app.push_screen(ReceiptScreen(release.id))
        else:
            self.say("no rollout made this release: it served already")

    def _chosen(self) -> Release | None:
        place = self.pager.cursor or 0
        return self._releases[place] if place < len(self._releases) else None

    def _look(self) -> None:
        view, rollout = self.console.board.sample.view, self.console.board.rollout
        now = (rollout.number, rollout.over) if rollout else None, view.observed.replicas if view else ()
        if self._read_at != now:
            self._read_at = now
            self._read()

    @work(exclusive=True)
    async def _read(self) -> None:
        try:
            found = await self.console.ask(lambda desk: desk.releases())
        except RolloutError as error:
            self.say(str(error))
            return
        chosen = self._chosen()
        self._releases = found
        same = [place for place, release in enumerate(found) if chosen is not None and _same(release, chosen)]
        self.pager.put(_rows(found, self.console.board), cursor=same[0] if same else None)
        self.redraw()


def _same(one: Release, other: Release) -> bool:
    return (one.id, one.image.id, one.config_hash) == (other.id, other.image.id, other.config_hash)


def _rows(releases: tuple[Release, ...], board: Board) -> Rows:
    """Columns that stand below each other, whatever names are in them."""
    names = [line(release_name(release.image.reference, release.id)) for release in releases]
    users = [line(release.by) for release in releases]
    name_size, user_size = (max(map(width_of, column), default=0) for column in (names, users))
    rows = []
    for release, role, name, user in zip(releases, _roles(releases, board), names, users, strict=True):
        rows.append(
            (
                *line((f"r{release.id:<4} ", Tone.STRONG), (f"{release.color.value:<6}", toned(release.color.value))),
                *line((f"{role:<8} ", Tone.ACCENT)),
                *fit(name, min(name_size, _NAME), dots=board.glyphs.dots),
                *line(f"  {stamp(release.at)}  "),
                *fit(user, min(user_size, _USER), dots=board.glyphs.dots),
                *line((f"  {release.image.short}  {release.image.name}", Tone.DIM)),
                *line(("  withdrawn" if release.withdrawn else "", Tone.WARN)),
            )
        )
    return tuple(rows) or (line((f"no release has served yet; {board.shown('deploy')} makes the first one", Tone.DIM)),)


def _roles(releases: tuple[Release, ...], board: Board) -> list[str]:
    """Which of them serves now, and which waits for a rollback; the newest, where several made the very same."""
    view = board.sample.view
    running = [one for one in view.observed.replicas if one.running] if view else []
    roles, told = [], set[Color]()
    for release in releases:
        runs = {one.color for one in running if release.run_by(one)} - told
        runs = runs & {release.color} or runs
        serves = view is not None and view.observed.active in runs
        roles.append("serves" if serves else "warm" if runs else "")
        told |= runs
    return roles
