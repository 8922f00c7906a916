"""The gate between steps: where an operator can hold a rollout, and where an abort takes effect."""

from __future__ import annotations

import asyncio


class AbortedError(Exception):
    """The operator asked for a safe end, and this is a safe place."""


class Gate:
    """Hold, resume and abort of one rollout. All methods but `passed` may be called from signal handlers."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._abortable: asyncio.Task[str] | None = None
        self.aborted_by: str | None = None

    @property
    def held(self) -> bool:
        """Whether the next step has to wait."""
        return not self._open.is_set()

    def hold(self) -> None:
        """Let no further step begin."""
        self._open.clear()

    def resume(self) -> None:
        """Let steps begin again."""
        self._open.set()

    def abort(self, by: str) -> None:
        """Ask for a safe end; the first one to ask is remembered."""
        if self.aborted_by is None:
            self.aborted_by = by
        self._open.set()
        if self._abortable is not None:
            self._abortable.cancel()

    def check(self) -> None:
        """Raise `AbortedError` when an abort was asked for."""
        if self.aborted_by is not None:
            raise AbortedError(self.aborted_by)

    async def passed(self) -> None:
        """Wait until the next step may begin. Raises `AbortedError`."""
        await self._open.wait()
        self.check()

    async def run(self, task: asyncio.Task[str]) -> str:
        """Await a step's task such that `abort` cancels it. Raises `AbortedError` when that happened."""
        self._abortable = task
        if self.aborted_by is not None:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if self.aborted_by is not None and current is not None and not current.cancelling():
                raise AbortedError(self.aborted_by) from None
            raise
        finally:
            self._abortable = None
