"""The application: takes what the engine's thread tells, keeps the board, and shows it. Nothing is decided here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.timer import Timer

from console.model.errors import RolloutError
from console.tui.board import Board
from console.tui.bridge import Bridge
from console.tui.engine_thread import EngineThread
from console.tui.glyphs import ASCII, UNICODE
from console.tui.keys import Kind
from console.tui.memory import forget_dead_widgets, keep_what_is_loaded
from console.tui.messages import Arrived
from console.tui.obstacles import obstacle
from console.tui.paint import Tone, harmless, unmarked
from console.tui.preferences import Preferences
from console.tui.screens.live import LiveScreen
from console.tui.stylesheet import ReadOnce
from console.tui.theme import THEMES
from console.tui.widgets.rows import RowsWidget
from console.tui.wire import Exactly

if TYPE_CHECKING:
    from console.tui.desk import Desk
    from console.tui.operator import Operator

T = TypeVar("T")

FRAME = 0.25
"""Seconds between two frames at least, of those that nobody pressed a key for."""
TICK = 1.0
"""Seconds between two looks at what only time changes: ages, and what is left of a deadline."""


class Leaving(Enum):
    """How the screen was left."""

    QUIET = "quiet"
    PRINTING = "printing"
    """A rollout goes on, and is told here in plain lines."""
    ABORTING = "aborting"
    """The same, and it was asked for a safe end."""
    HUNG_UP = "hung up"
    TERMINATED = "terminated"
    FAILED = "failed"
    """The engine's thread has ended with an error."""


class Keys(Provider):
    """The palette: every key by its words. It goes the way of the keys, so that nothing is allowed that they refuse."""

    async def discover(self) -> Hits:
        """Everything, in the order of the help."""
        for title, words, run in self._entries():
            yield DiscoveryHit(unmarked(title), run, help=unmarked(words))

    async def search(self, query: str) -> Hits:
        """What fits."""
        matcher = self.matcher(query)
        for title, words, run in self._entries():
            score = matcher.match(f"{title} {words}")
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=unmarked(words))

    def _entries(self) -> list[tuple[str, str, Callable[[], None]]]:
        app = self.app
        if not isinstance(app, ConsoleApp):
            return []
        demo = app.board.facts is not None and app.board.facts.demo
        entries = []
        for key in app.board.keys:
            if key.help and key.id != "palette" and (key.kind is not Kind.DEMO or demo):
                reason = obstacle(key.id, app.board)
                words = reason or key.help
                entries.append((f"{key.id.partition('(')[0]}  {key.shown}", words, app.pressing(key.id)))
        entries += [(f"theme {name}", "colours of the screen", app.wearing(name)) for name in THEMES]
        return entries


class ConsoleApp(App[Leaving]):
    """The console.

    Args:
        engine: started once the first screen is painted.
        bridge: what it tells through.
        for_this_stack: adds the flags that name the stack to a `rollout` command.
        ascii_only: whether the terminal has nothing but ASCII.
        load_at_start: whether load is sent as soon as the stack is open (the demo).
        preferences: the theme and the keys.
    """

    CSS_PATH = "console.tcss"
    TITLE = "rollout"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Keys}
    BINDINGS: ClassVar[list[BindingType]] = []
    NOTIFICATION_TIMEOUT = 4

    def __init__(  # noqa: PLR0913 - everything that the screens are given, once
        self,
        engine: EngineThread,
        bridge: Bridge,
        *,
        for_this_stack: Callable[[str], str] = lambda command: command,
        ascii_only: bool = False,
        load_at_start: bool = False,
        preferences: Preferences | None = None,
    ) -> None:
        super().__init__()
        forget_dead_widgets()
        self.engine = engine
        self.for_this_stack = for_this_stack
        self._preferences = preferences or Preferences()
        self.theme = self._preferences.theme
        self.stylesheet = ReadOnce(variables=self.get_css_variables())
        self.board = Board(glyphs=ASCII if ascii_only else UNICODE, keys=self._preferences.keys)
        self._frozen: Board | None = None
        self.mouse = False
        self._bridge = bridge
        self._load_at_start = load_at_start
        self._live = LiveScreen()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drawn = 0.0
        self._drawing: Timer | None = None
        RowsWidget.ascii_only = ascii_only
        self.set_class(ascii_only, "-ascii")
        if self.no_color:  # Textual's own choice are greys, before it knows that the theme has the terminal's colours
            self._filters = [NoColor() if isinstance(one, Monochrome) else one for one in self._filters]

    def on_mount(self) -> None:
        """Show the live screen and listen to the engine."""
        self.set_keymap(self._preferences.keymap)
        self._loop = asyncio.get_running_loop()
        self.push_screen(self._live)
        self._bridge.connect(self._woken)
        if self._preferences.problems:
            self._tell_problems(self._preferences.problems)
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self.engine.start)  # after the first paint: what it loads would only delay that

    @cached_property
    def operator(self) -> Operator:
        """Who carries out what keys ask for."""
        from console.tui.operator import Operator  # noqa: PLC0415 - dialogs are not needed for the first paint

        return Operator(self)

    def on_arrived(self) -> None:
        """Take what the engine's side has, and show it."""
        batch = self._bridge.take()
        if batch.error is not None:
            self.exit(Leaving.FAILED)
            return
        board = replace(self.board, now=time.time(), monotonic=time.monotonic())
        opened = batch.facts is not None
        if batch.facts is not None:
            board = replace(board, facts=batch.facts)
        if batch.heard:
            board = board.with_events(batch.heard)
        if batch.sample is not None:
            board = board.with_sample(batch.sample)
        self.board = board
        self._draw_soon()
        if opened:
            keep_what_is_loaded()
        if opened and self._load_at_start and board.facts is not None:
            self._load_at_start = False
            self.run_worker(self._begin_load(), group="load")

    async def ask(self, work: Callable[[Desk], Coroutine[Any, Any, T]]) -> T:
        """Run something on the engine's loop, and wait for its answer without blocking the screen."""
        return await asyncio.wrap_future(self.engine.submit(work))

    def notice(self, text: str, *, bad: bool = False) -> None:
        """Say something on the last row, for a moment."""
        self._live.say(text, bad=bad)
        if self.screen is not self._live:
            from console.tui.screens.page import Page  # noqa: PLC0415 - not needed for the first paint

            if isinstance(self.screen, Page):
                self.screen.say(text)

    def pressing(self, key: str) -> Callable[[], None]:
        """What the palette does for a key."""
        return lambda: self._live.press(key)

    def wearing(self, theme: str) -> Callable[[], None]:
        """What the palette does for a theme."""

        def wear() -> None:
            self.theme = theme

        return wear

    def leave(self, how: Leaving) -> None:
        """End the screen, thread-safe; the engine is for whoever started it to end."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.exit, how)

    @property
    def frozen(self) -> bool:
        """Whether the panels stay as they are, whatever happens."""
        return self._frozen is not None

    @property
    def shown(self) -> Board:
        """What the panels show: the present, or the moment at which the display was frozen."""
        return self._frozen or self.board

    def freeze(self) -> None:
        """Freeze the panels, or let them catch up."""
        self._frozen = None if self.frozen else self.board
        self.redraw()

    def redraw(self) -> None:
        """Show the board as it is."""
        self._live.draw()

    def switch_mouse(self) -> None:
        """Let the terminal report the mouse, or leave it to the terminal's own selection."""
        self.mouse = not self.mouse
        for mode in (1000, 1003, 1015, 1006):  # as Textual's driver does it when it starts
            self.write_raw(f"\x1b[?{mode}{'h' if self.mouse else 'l'}")
        again = self.board.shown("mouse")
        self.notice(f"the mouse works here; {again} gives it back" if self.mouse else "it is the terminal's again")

    def write_raw(self, text: str) -> None:
        """Steer the terminal; nothing from outside ever goes this way."""
        if self._driver is not None:
            self._driver.write(text)
            self._driver.flush()

    def action_command_palette(self) -> None:
        """As Textual's own, in signs that every terminal has."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="words of a key", id="--command-palette"))

    async def action_quit(self) -> None:
        """Leave: at once at rest, after a question in mid-rollout."""
        if not self.engine.rolling:
            self.exit(Leaving.QUIET)
            return
        from console.tui.dialogs.leave import LeaveDialog  # noqa: PLC0415 - as above

        if not any(isinstance(screen, LeaveDialog) for screen in self.screen_stack):
            self.push_screen(LeaveDialog(), self._leave_or_stay)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """As Textual's own: the one place that every frame goes through."""
        super()._display(screen, Exactly(renderable) if isinstance(renderable, ChopsUpdate) else renderable)

    def _leave_or_stay(self, answer: str | None) -> None:
        if answer == "print":
            self.exit(Leaving.PRINTING)
        elif answer == "abort":
            self.exit(Leaving.ABORTING)

    async def _begin_load(self) -> None:
        facts = self.board.facts
        if facts is None:
            return
        try:
            await self.operator.start_load(facts.load)
        except RolloutError as error:
            self.notice(str(error), bad=True)

    def _tell_problems(self, problems: tuple[str, ...]) -> None:
        """For a moment on the last row, and for good among the events: what was left out of the preferences."""
        from console.tui.telling import Told  # noqa: PLC0415 - few make such mistakes

        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        told = tuple(Told(at=at, text=harmless(problem), tone=Tone.WARN) for problem in problems)
        self.board = replace(self.board, told=(*self.board.told, *told))
        more = f"{len(problems)} mistakes, all in panel 5; " if len(problems) > 1 else ""
        self.call_after_refresh(lambda: self.notice(more + problems[0], bad=True))

    def _draw_soon(self) -> None:
        """Show the board, with whatever else comes within a moment: events of a rollout come in bursts."""
        wait = self._drawn + FRAME - time.monotonic()
        if wait <= 0:
            self._draw()
        elif self._drawing is None:
            self._drawing = self.set_timer(wait, self._draw)

    def _draw(self) -> None:
        self._drawing, self._drawn = None, time.monotonic()
        self._live.draw()

    def _woken(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.post_message, Arrived())

    def _tick(self) -> None:
        """Only what time changes: a rollout's clock, and ages beside a problem."""
        if self.screen.size != self.size:  # Textual loses a resize that comes while a dialog is being closed
            self.screen.post_message(events.Resize(self.size, self.size))
        view = self.board.sample.view
        rollout = self.board.rollout
        moving = (rollout is not None and not rollout.over) or (view is not None and bool(view.problems))
        if moving:
            self.board = replace(self.board, now=time.time(), monotonic=time.monotonic())
            self._draw_soon()
