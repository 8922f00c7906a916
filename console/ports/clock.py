"""Port to time."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, so that tests need no waiting."""

    def now(self) -> str:
        """UTC wall-clock time, ISO 8601 with milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        ...
