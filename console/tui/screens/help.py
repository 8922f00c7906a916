"""Every key, made from the table that the bindings are made from."""

from __future__ import annotations

from typing import ClassVar

from console.tui.keys import Kind
from console.tui.obstacles import obstacle
from console.tui.paint import Line, Tone, line
from console.tui.screens.page import Page

_HEADS = {
    Kind.ACTS: "acting keys: each shows what it will do, and the same command; y confirms",
    Kind.DEMO: "only on the embedded stack",
    Kind.LOOKS: "looking keys",
}


class HelpScreen(Page):
    """The keys, and why some can't act now."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (("/", "search"), ("y", "copy"), ("Esc", "back"))

    def on_mount(self) -> None:
        """Fill it."""
        self.pager.wrap = True
        board = self.console.board
        rows: list[Line] = []
        wide = max(len(key.shown) for key in board.keys) + 2
        for kind, head in _HEADS.items():
            entries = [key for key in board.keys if key.kind is kind and key.shown]
            if kind is Kind.DEMO and not (board.facts and board.facts.demo):
                continue
            rows += [line((head, Tone.STRONG))]
            for key in entries:
                reason = obstacle(key.id, board)
                shown = (f"  {key.shown:<{wide}}", Tone.DIM if reason else Tone.ACCENT)
                rows.append(line(shown, (key.help, Tone.DIM if reason else Tone.PLAIN)))
                if reason:
                    rows.append(line((" " * (wide + 2) + reason, Tone.DIM)))
            rows.append(())
        rows.append(line(("everything that acts exists as a command too: rollout --help", Tone.DIM)))
        self.pager.put(tuple(rows))

    def title_row(self) -> Line:
        """As `Page.title_row`."""
        return line((" help ", Tone.STRONG))
