"""The releases that served, and the way back to any of them."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from console.cli.render.durations import stamp
from console.model.errors import RolloutError
from console.model.plan import Action
from console.model.release import Release
from console.tui.acting import request_for
from console.tui.names import release_name
from console.tui.obstacles import obstacle
from console.tui.paint import Line, Rows, Tone, line, toned
from console.tui.screens.page import Page
from console.tui.screens.receipt import ReceiptScreen


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

    def on_mount(self) -> None:
        """Read it."""
        self._read()

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        return line((" history ", Tone.STRONG), f"{len(self._releases)} releases that served")

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

    @work(exclusive=True)
    async def _read(self) -> None:
        try:
            self._releases = await self.console.ask(lambda desk: desk.releases())
        except RolloutError as error:
            self.say(str(error))
            return
        self.pager.put(_rows(self._releases))
        self.redraw()


def _rows(releases: tuple[Release, ...]) -> Rows:
    rows = []
    for release in releases:
        name = release_name(release.image.reference, release.id)
        rows.append(
            line(
                (f"r{release.id:<4} ", Tone.STRONG),
                (f"{release.color.value:<6}", toned(release.color.value)),
                f" {name:<12} {stamp(release.at)}  {release.by:<12}  ",
                (f"{release.image.short}  {release.image.name}", Tone.DIM),
                ("  withdrawn" if release.withdrawn else "", Tone.WARN),
            )
        )
    return tuple(rows) or (line(("no release has served yet; D makes the first one", Tone.DIM)),)
