"""Nothing from outside the program moves the cursor, changes a colour or is read as markup."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.events import CommandRan
from console.model.observed import Health
from console.ports.journal import LockLabel
from console.tui.widgets.rows import RowsWidget
from tests.fakes.stack import FakeStack, make_spec
from tests.tui.pilot import Opened, opened

HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]x[/][/no]\r\n\x9b31m\u202eevil\u2066"
SEEN = "[bold red]x[/][/no]"
"""What is left of it: a text like any other."""


def everywhere(stack: FakeStack) -> None:
    stack.runtime.containers[Color.BLUE] = [
        replace(
            replica,
            name=HOSTILE,
            image=HOSTILE,
            health=Health.UNHEALTHY,
            health_output=HOSTILE,
            started_at=HOSTILE,
            address=HOSTILE,
        )
        for replica in stack.runtime.containers[Color.BLUE]
    ]
    stack.lock.label = LockLabel(
        host=HOSTILE, pid=99, user=HOSTILE, command=HOSTILE, since="2026-01-01T00:00:00Z", fence=4
    )
    stack.journal.append(rollout=1, at="2026-01-01T00:00:00Z", event=CommandRan(command=HOSTILE, step="start"))


def drawn(console: Opened) -> str:
    """What the widgets of this screen hand to the terminal's driver."""
    return "\n".join(
        widget.render_line(y).text
        for widget in console.app.screen.query(RowsWidget)
        if widget.display
        for y in range(widget.size.height)
    )


def harmless(text: str) -> bool:
    return all(row.isprintable() for row in text.split("\n")) and "\x1b" not in text


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_on_the_live_screen(size: tuple[int, int]) -> None:
    async with opened(size, spec=replace(make_spec(), project="shop[red]"), prepare=everywhere) as console:
        await console.until(lambda: SEEN in drawn(console), "for the event")
        await console.press("D")
        await console.until(lambda: "deploy waits" in drawn(console), "for the reason")
        assert harmless(drawn(console))
        assert "shop[red]" in drawn(console)


@pytest.mark.parametrize(("key", "word"), [("i", "replicas"), ("h", "history"), ("l", "logs")])
async def test_on_every_other_screen(key: str, word: str) -> None:
    async with opened((120, 40), prepare=everywhere) as console:

        async def logs(_: object, *, tail: int, timestamps: bool = False) -> tuple[str, ...]:
            del timestamps
            return (HOSTILE,) * min(tail, 3)

        console.stack.runtime.logs = logs  # type: ignore[method-assign]
        await console.press(key)
        await console.until(lambda: f" {word} " in drawn(console), "for the screen")
        if key != "h":
            await console.until(lambda: SEEN in drawn(console), "for the text")
        assert harmless(drawn(console))


async def test_in_the_palette() -> None:
    async with opened((100, 40), prepare=everywhere) as console:
        await console.until(lambda: console.app.board.other is not None, "for the lock")
        await console.palette("deploy")
        picture = ""

        def shown() -> bool:
            nonlocal picture
            picture = console.app.export_screenshot()
            return "x[/]" in picture.replace("&#160;", " ")

        await console.until(shown, "for the reason beside the key")
        assert "\x1b" not in picture
        assert json.dumps(picture).isprintable()
