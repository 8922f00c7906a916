"""Port to time."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, so that tests need no waiting."""

    def now(self) -> str:
        """UTC wall-clock time, ISO 8601 with milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back: how long things took."""
        ...

    def awake(self) -> float:
        """Seconds that this process was awake, on a scale of their own: what deadlines go by. Only within a loop.

        It stands still while the process is stopped, and `sleep` goes by it.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass, awake."""
        ...
