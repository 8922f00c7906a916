"""What ends a run of `rollout load` before its time: signals, and a reader who went away."""

from __future__ import annotations

import asyncio

from console.ports.load import LoadRun


class Ending:
    """The first signal ends the schedule and waits for what is in flight; the second one waits for nothing."""

    def __init__(self, load: LoadRun) -> None:
        self._load = load
        self._tasks: list[asyncio.Task[object]] = []
        self.interrupted = False
        """Whether a signal ever came."""
        self.unread = False
        """Whether it was begun since nobody reads on."""

    @property
    def begun(self) -> bool:
        """Whether no more is to be sent."""
        return bool(self._tasks)

    @property
    def way_out(self) -> str:
        """What the operator presses to wait no longer."""
        return f"Ctrl-C {'again ' if self.interrupted else '' if self.begun else 'twice '}ends at once"

    def interrupt(self) -> None:
        """A signal came."""
        self.interrupted = True
        self._tasks.append(asyncio.ensure_future(self._load.close() if self._tasks else self._load.stop()))

    def reader_gone(self) -> None:
        """Nobody reads what is measured, and nobody waits for a verdict on it. Idempotent."""
        if not self._tasks:
            self.unread = True
            self._tasks.append(asyncio.ensure_future(self._load.stop()))

    async def settle(self) -> None:
        """Wait for what was begun; the load is closed by now, so it ends at once."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
