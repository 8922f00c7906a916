"""The evidence of one rollout."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.binding import Binding, BindingType

from console.cli.absent_receipt import refuse_absent
from console.cli.receipts import numbered, read_receipt
from console.cli.render.receipt import receipt_text
from console.cli.render.style import Style
from console.cli.terminal import Terminal
from console.model.errors import RolloutError
from console.model.receipt import Receipt
from console.tui.desk import Desk
from console.tui.dialogs.problem import problem_rows
from console.tui.paint import Line, Rows, Tone, line
from console.tui.screens.page import Page
from console.tui.widgets.rows import RowsWidget

if TYPE_CHECKING:
    from console.ports.journal import LockLabel

_AGAIN = 1.0
"""Seconds between looks for a receipt that is not there: it is written a moment after its rollout has ended."""
_NARROWEST = 60


class ReceiptScreen(Page):
    """As `rollout receipt` prints it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("J", "as_json", show=False)]
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("J", "text or JSON"),
        ("/", "search"),
        ("w", "wrap"),
        ("y", "copy"),
        ("Esc", "back"),
    )

    def __init__(self, rollout: int) -> None:
        super().__init__()
        self._rollout = rollout
        self._receipt: Receipt | None = None
        self._raw = ""
        self._error: RolloutError | None = None
        self._holder: LockLabel | None = None
        """Whose rollout ran when it was said why there is none."""
        self._json = False

    def on_mount(self) -> None:
        """Read it."""
        self._read()
        self.set_interval(_AGAIN, self._read_again)

    def on_resize(self, event: events.Resize) -> None:
        """Fit."""
        super().on_resize(event)
        self._fill()

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        return line((" receipt ", Tone.STRONG), f"of rollout {self._rollout}", "  JSON" if self._json else "")

    def action_as_json(self) -> None:
        """The other form."""
        self._json = not self._json
        self._fill()
        self.redraw()

    def _fill(self) -> None:
        self.pager.put(self._rows())

    def _rows(self) -> Rows:
        if self._receipt is None:
            return (
                problem_rows(self._error, max(20, self.size.width))
                if self._error
                else (line(("reading it", Tone.DIM)),)
            )
        if self._json:
            return tuple(line(text) for text in self._raw.splitlines())
        terminal = Terminal(width=max(_NARROWEST, self.size.width), unicode=not RowsWidget.ascii_only)
        return tuple(line(text) for text in receipt_text(self._receipt, Style(terminal)).splitlines())

    def _read_again(self) -> None:
        if self._error is not None:
            self._read()

    @work(exclusive=True)
    async def _read(self) -> None:
        try:
            receipts = await self.console.ask(self._look)
            if receipts is None:
                return
            self._receipt, self._raw = await asyncio.to_thread(read_receipt, receipts, self._rollout)
        except RolloutError as error:
            self._error = error
        else:
            self._error = None
        self._fill()

    async def _look(self, desk: Desk) -> Path | None:
        """Where the receipts are; None while nothing has changed since it was said why this one is missing.

        Raises `RefusedError` in the words of `rollout receipt`. What the journal knows is looked up again only when a
        rollout has begun or ended since.
        """
        receipts, holder = desk.session.spec.state / "receipts", desk.session.lock_holder()
        if self._error is not None and holder == self._holder and self._rollout not in numbered(receipts):
            return None
        self._holder = holder
        with contextlib.suppress(OSError):  # without the journal no more is known than that there is none
            refuse_absent(desk.session, self._rollout)
        return receipts
