"""A console over a stack of fakes, with the engine on its own thread as in real life, driven by Textual's pilot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from textual.pilot import Pilot
from textual.widgets import Input

from console.adapters.clock import SystemClock
from console.engine.session import Session
from console.model.spec import Spec
from console.tui.app import ConsoleApp, Leaving
from console.tui.bridge import Bridge
from console.tui.dialogs.base import Dialog
from console.tui.engine_thread import EngineThread
from console.tui.keys import named
from console.tui.obstacles import obstacle
from console.tui.paint import text_of
from console.tui.preferences import Preferences
from console.tui.widgets.rows import RowsWidget
from tests.fakes.stack import ACTOR, FakeStack, make_spec

PATIENCE = 60.0
"""Seconds; generous, since other tests share the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open console."""

    app: ConsoleApp
    pilot: Pilot[Leaving]
    stack: FakeStack
    engine: EngineThread

    @property
    def text(self) -> str:
        """What is on the present screen, row by row, of all widgets that draw rows."""
        return "\n".join(
            text_of(row).rstrip()
            for widget in self.app.screen.query(RowsWidget)
            if widget.display
            for row in widget.rows
        )

    @property
    def painted(self) -> list[str]:
        """Every row of the terminal as it is painted: dialogs, frames and Textual's own widgets too."""
        return ["".join(s.text for s in strip) for strip in self.app.screen._compositor.render_strips()]

    def has(self, *words: str) -> bool:
        """Whether these words are painted."""
        there = "\n".join(self.painted)
        return all(word in there for word in words)

    async def paints(self, *words: str) -> None:
        """Wait until these words are painted."""
        await self.until(lambda: self.has(*words), f"for {words} to be painted")

    async def until(self, seen: Callable[[], bool], what: str = "") -> None:
        """Let time pass until something is so."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not seen():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"waited {PATIENCE:g} s {what}:\n{self.text}") from None

    async def shows(self, *words: str) -> str:
        """Wait until these words are there; the text then."""
        await self.until(lambda: all(word in self.text for word in words), f"for {words}")
        return self.text

    async def press(self, *keys: str) -> None:
        """Type keys."""
        await self.pilot.press(*keys)

    def let_go(self) -> None:
        """What hangs in the stack goes on, after what the engine was asked before."""
        self.engine.call(self.stack.runtime.faults.let_go)
        self.engine.call(self.stack.proxy.faults.let_go)

    async def act(self, key: str) -> None:
        """Press an acting key as soon as it can act."""
        await self.until(lambda: not obstacle(key, self.app.board), f"until {key} can act")
        await self.press(named(key).key)

    async def agree(self, *words: str) -> None:
        """Confirm the dialog, once it has these words and takes keys."""
        await self.shows("y do it", *words)
        await self.until(lambda: isinstance(self.app.screen, Dialog) and self.app.screen.ripe, "for it to take keys")
        await self.press("y")

    async def palette(self, words: str = "") -> None:
        """Open the palette, and type into it."""
        await self.press("colon")
        await self.until(lambda: isinstance(self.app.focused, Input) and self.app.screen.is_modal, "for the palette")
        await self.press(*words)


@asynccontextmanager
async def opened(  # noqa: PLR0913 - the console in every make-up
    size: tuple[int, int] = (80, 24),
    *,
    spec: Spec | None = None,
    read_only: bool = False,
    demo: bool = False,
    ascii_only: bool = False,
    preferences: Preferences | None = None,
    prepare: Callable[[FakeStack], None] = lambda _: None,
) -> AsyncIterator[Opened]:
    """A console that has had its first look."""
    stack = FakeStack(spec or make_spec())
    stack.ports = replace(stack.ports, clock=SystemClock())
    stack.session = Session(stack.spec, stack.ports, ACTOR, read_only=read_only)
    prepare(stack)

    @asynccontextmanager
    async def session() -> AsyncIterator[Session]:
        yield stack.session

    bridge = Bridge()
    engine = EngineThread(session, bridge, read_only=read_only, demo=demo)
    app = ConsoleApp(engine, bridge, ascii_only=ascii_only, preferences=preferences)
    try:
        async with app.run_test(size=size) as pilot:
            found = Opened(app=app, pilot=pilot, stack=stack, engine=engine)
            await found.until(lambda: app.board.status is not None, "for the first look")
            await pilot.pause()
            try:
                yield found
            finally:
                found.let_go()  # or its step would end at its deadline, and the engine after it
    finally:
        bridge.connect(None)
        engine.end()
        assert await asyncio.to_thread(engine.join, PATIENCE)
    if engine.error is not None:
        raise engine.error
