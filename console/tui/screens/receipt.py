"""The evidence of one rollout."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from console.cli.receipts import read_receipt
from console.cli.render.receipt import receipt_text
from console.cli.render.style import Style
from console.cli.terminal import Terminal
from console.model.errors import RolloutError
from console.tui.desk import Desk
from console.tui.paint import Line, Tone, line
from console.tui.screens.page import Page
from console.tui.widgets.rows import RowsWidget


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
        self._text: tuple[str, str] = ("", "")
        self._json = False

    def on_mount(self) -> None:
        """Read it."""
        self._read()

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        return line((" receipt ", Tone.STRONG), f"of rollout {self._rollout}")

    def action_as_json(self) -> None:
        """The other form."""
        self._json = not self._json
        self._fill()

    def _fill(self) -> None:
        self.pager.put(tuple(line(text) for text in self._text[self._json].splitlines()))

    @work(exclusive=True)
    async def _read(self) -> None:
        number, width = self._rollout, self.size.width

        async def read(desk: Desk) -> tuple[str, str]:
            receipt, raw = read_receipt(desk.session.spec.state / "receipts", number)
            style = Style(Terminal(width=max(60, width), unicode=not RowsWidget.ascii_only))
            return receipt_text(receipt, style), raw

        try:
            self._text = await self.console.ask(read)
        except RolloutError as error:
            self._text = (f"{error}\n{error.next_command}", "")
        self._fill()
