"""The console on the embedded stack, without a terminal, driven by keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from console.model.request import Actor
from console.tui.app import ConsoleApp, Leaving
from console.tui.bridge import Bridge
from console.tui.engine_thread import EngineThread
from console.tui.paint import text_of
from console.tui.widgets.rows import RowsWidget
from console.wiring import embedded_session
from screenshots.picture import save

PATIENCE = 60.0
_ACTOR = Actor(user="ann", host="prod-1", pid=4242, command="rollout demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """An open console."""

    app: ConsoleApp
    pilot: Pilot[Leaving]
    directory: Path

    @property
    def text(self) -> str:
        """What is on the screen."""
        widgets = [widget for widget in self.app.screen.query(RowsWidget) if widget.display]
        return "\n".join(text_of(row) for widget in widgets for row in widget.rows)

    @property
    def url(self) -> str:
        """Where the stack serves."""
        facts = self.app.board.facts
        return facts.load.url if facts else ""

    async def until(self, seen: Callable[[str], bool], what: str) -> None:
        """Let time pass until the screen shows something. Raises `TimeoutError`."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not seen(self.text):
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise TimeoutError(f"{what} did not come within {PATIENCE:g} s:\n{self.text}") from None

    async def shows(self, *words: str) -> None:
        """Let time pass until these words are there."""
        await self.until(lambda text: all(word in text for word in words), f"{words}")

    async def press(self, *keys: str) -> None:
        """Type keys."""
        await self.pilot.press(*keys)

    async def agree(self) -> None:
        """Confirm the dialog."""
        await self.shows("y do it")
        await asyncio.sleep(0.4)
        await self.press("y")
        await self.until(lambda text: "y do it" not in text, "the dialog's end")

    async def done(self) -> None:
        """Wait for the end of the rollout, and until the keys are shown again."""
        await self.until(
            lambda _: (
                self.app.board.rollout is not None and self.app.board.rollout.over and not self.app.board.sample.running
            ),
            "the end",
        )
        await self.shows("D deploy", "? help")

    async def resize(self, width: int, height: int) -> None:
        """Another size."""
        await self.pilot.resize_terminal(width, height)
        await self.pilot.pause(0.5)

    async def take(self, name: str) -> None:
        """Keep a picture."""
        await self.pilot.pause()
        save(self.app.export_screenshot(title="rollout", simplify=True), self.directory / name)


@asynccontextmanager
async def studio(directory: Path, size: tuple[int, int] = (80, 24), *, replicas: int = 2) -> AsyncIterator[Studio]:
    """A console with its load running."""
    bridge = Bridge()
    engine = EngineThread(lambda: embedded_session(_ACTOR, replicas=replicas), bridge, demo=True)
    app = ConsoleApp(engine, bridge, load_at_start=True)
    try:
        async with app.run_test(size=size) as pilot:
            found = Studio(app=app, pilot=pilot, directory=directory)
            await found.shows("serves", "200/s")
            yield found
    finally:
        bridge.connect(None)
        engine.end()
        await asyncio.to_thread(engine.join, PATIENCE)
    if engine.error is not None:
        raise engine.error
