"""The engine's own thread and loop: a terminal that stalls for seconds must not make a cutover wait.

The thread is no daemon: when the screen is gone (a lost SSH link), the process lives until the rollout is over.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from console.model.errors import RolloutError

if TYPE_CHECKING:
    from console.engine.session import Session
    from console.model.events import Record
    from console.model.request import Outcome
    from console.tui.bridge import Bridge
    from console.tui.desk import Desk

T = TypeVar("T")
Open: TypeAlias = "Callable[[], AbstractAsyncContextManager[Session]]"
Work: TypeAlias = "Callable[[Desk], Coroutine[Any, Any, T]]"


class EngineThread:
    """Opens a session and works for a screen until told to end.

    Args:
        open_session: makes the session; entered and left on the engine's loop.
        bridge: where everything goes that happens.
        read_only: whether the session is opened so for good.
        demo: whether it is the embedded stack.
    """

    def __init__(self, open_session: Open, bridge: Bridge, *, read_only: bool = False, demo: bool = False) -> None:
        self._open = open_session
        self._bridge = bridge
        self._read_only = read_only
        self._demo = demo
        self._thread = threading.Thread(target=self._run, name="rollout-engine", daemon=False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._desk: Desk | None = None
        self._main: asyncio.Task[None] | None = None
        self._ending = threading.Event()
        self.error: BaseException | None = None
        """Why it ended, when it was not told to."""

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def rolling(self) -> bool:
        """Whether a rollout of this session is under way."""
        desk = self._desk
        return desk is not None and self.alive and desk.rolling is not None

    def start(self) -> None:
        """Begin to open the session. Once; later calls do nothing."""
        if self._thread.ident is None and not self._ending.is_set():
            self._thread.start()

    def submit(self, work: Work[T]) -> Future[T]:
        """Run something on the engine's loop; cancelling the future cancels it (but never a rollout)."""
        loop, desk = self._loop, self._desk
        if loop is None or desk is None or not self.alive:
            raise RolloutError("ask the engine", "the stack is not open", now="nothing was changed")
        return asyncio.run_coroutine_threadsafe(work(desk), loop)

    def end(self) -> None:
        """End as soon as no rollout runs. Idempotent; returns at once."""
        self._ending.set()
        if self._loop is not None and not self._loop.is_closed():
            self.call(self._leave)

    def abort(self, by: str = "") -> None:
        """Ask the running rollout for a safe end, by a signal or else by whose session this is. Returns at once."""
        desk = self._desk
        if desk is not None:
            self.call(lambda: desk.session.abort(by or desk.session.asker))

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Let somebody else hear what happens from now on, on the engine's thread. Returns at once."""
        desk = self._desk
        if desk is not None:
            self.call(lambda: desk.session.subscribe(listener))

    @property
    def outcome(self) -> Outcome | None:
        """How the last rollout of this session ended; None when none did."""
        return self._desk.outcome if self._desk is not None else None

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended, or at once when it never began; whether it has."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def call(self, work: Callable[[], object]) -> None:
        """Run something on the engine's loop, soon. Returns at once."""
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(work)
            except RuntimeError:
                return  # the loop has just been closed: there is nobody left to tell

    def _leave(self) -> None:
        if self._desk is not None:
            self._desk.ended.set()
        elif self._main is not None:
            self._main.cancel()  # it is still being opened

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            if not self._ending.is_set() or not isinstance(error, asyncio.CancelledError):
                self.error = error
                self._bridge.fail(error)

    async def _work(self) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        if self._ending.is_set():
            return
        from console.tui.desk import Desk  # noqa: PLC0415 - loaded on this thread, once the first screen is painted
        from console.tui.facts import facts_of  # noqa: PLC0415

        async with self._open() as session:
            session.resumable = True
            self._desk = desk = Desk(session, self._bridge, fixed_read_only=self._read_only)
            if self._ending.is_set():
                return
            self._bridge.opened(facts_of(session.spec, read_only=self._read_only, demo=self._demo))
            await desk.run()
