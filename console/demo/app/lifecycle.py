"""Where the process is in its life: warming up, ready, draining; and what it serves meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from .settings import Fault, Settings


class Lifecycle:
    """Readiness, faults and the number of requests in flight. No I/O.

    Args:
        settings: warm-up, fault and when the fault begins.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._started = now()
        self._last_request = float("-inf")
        self._first_request = float("inf")
        self.in_flight = 0
        self.draining = asyncio.Event()
        self.used = asyncio.Event()
        """Set with the first request of a user."""

    @property
    def age(self) -> float:
        """Seconds since the process began."""
        return self._now() - self._started

    @property
    def fault(self) -> Fault:
        """The fault that shows now.

        A late one counts from the first request of a user: how long a release takes until it serves is the machine's
        affair, and one that is to fail while it serves must not fail before.
        """
        after = self._settings.fault_after
        return self._settings.fault if not after or self._now() - self._first_request >= after else Fault.NONE

    @property
    def not_ready(self) -> str:
        """Why it should get no traffic; empty when it is ready."""
        if self.draining.is_set():
            return "draining"
        if self.age < self._settings.warmup:
            return "warming up"
        return "never ready" if self.fault is Fault.NEVER_READY else ""

    @property
    def quiet(self) -> float:
        """Seconds since the last request of a user began or ended; 0 while one is in flight."""
        return 0.0 if self.in_flight else self._now() - self._last_request

    def begin(self) -> None:
        """A request is being served from now on."""
        self.in_flight += 1

    def end(self, *, probe: bool) -> None:
        """It is served; a probe does not count as use."""
        self.in_flight -= 1
        if not probe:
            self._last_request = self._now()
            self._first_request = min(self._first_request, self._last_request)
            self.used.set()

    def drain(self) -> None:
        """Not ready from now on, for good. Idempotent."""
        self.draining.set()
