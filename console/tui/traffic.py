"""The load that an operator switches on and off beside the screen. It lives on the engine's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from console.model.errors import RefusedError, UsageError
from console.model.load import LoadConfig, Started
from console.model.spec import LoadSpec
from console.ports.load import LoadRun
from console.tui.load_state import LoadState
from console.tui.load_tap import LoadTap

LADDER = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
"""Requests a second that `+` and `-` go through. The last one is the most that a screen ever sends."""
LONGEST = 3600.0
"""Seconds after which it ends by itself, so that a forgotten screen stops sending."""

MakeLoad = Callable[[LoadConfig], LoadRun]


def stepped(rate: float, *, up: bool) -> float:
    """The next rate of the ladder, or the same one at its end."""
    if up:
        return next((step for step in LADDER if step > rate), LADDER[-1])
    return next((step for step in reversed(LADDER) if step < rate), LADDER[0])


class Traffic:
    """At most one generator at a time; a rollout that asks for load meanwhile is measured by it.

    Args:
        make: makes a generator that is not started yet; None where there is none.
    """

    def __init__(self, make: MakeLoad | None) -> None:
        self._make = make
        self._run: LoadRun | None = None
        self._started: Started | None = None
        self._config: LoadConfig | None = None
        self._rate = 0.0
        self._switching = asyncio.Lock()

    @property
    def run(self) -> LoadRun | None:
        """The generator; None while the load is off."""
        return self._run

    @property
    def state(self) -> LoadState:
        """Whether it is on, and how."""
        run = self._run
        if run is None or self._config is None:
            return LoadState()
        ended = run.summary is not None
        problem = run.counts().problem or ("the load has ended" if ended else "")
        return LoadState(on=not ended, url=self._config.url, rate=self._rate, problem=problem)

    async def start(self, load: LoadSpec, *, timeout: float) -> None:  # noqa: ASYNC109 - of each request, not of this
        """Begin to send, at the stack's own address; a request may take `timeout` seconds, as in a rollout's own load.

        Raises:
            RefusedError: there is no generator here, or it refuses this address.
            RuntimeFailedError: it did not start; nothing was sent.
        """
        async with self._switching:
            if self._make is None:
                raise RefusedError("send load", "there is no load generator here", now="nothing was sent")
            await self._end()
            config = LoadConfig(url=load.url, rate=min(load.rate, LADDER[-1]), duration=LONGEST, timeout=timeout)
            run = self._make(config)
            try:
                self._started = await run.start()
            except UsageError as error:
                raise RefusedError("send load", error.found, now="nothing was sent") from error
            self._run, self._config, self._rate = run, config, config.rate

    async def rate(self, rate: float) -> None:
        """Go on at another rate, in requests a second."""
        if self._run is not None:
            self._rate = min(rate, LADDER[-1])
            await self._run.rate(self._rate)

    async def stop(self) -> None:
        """Stop sending; what is in flight is waited for. Idempotent."""
        async with self._switching:
            await self._end()

    def make(self, config: LoadConfig) -> LoadRun:
        """The load of a rollout: the one that runs already, else a generator of its own."""
        run, started = self._run, self._started
        if run is not None and started is not None and run.counts().alive and self.state.on:
            return LoadTap(run, started, config)
        if self._make is None:
            raise RefusedError("send load", "there is no load generator here", now="nothing was sent")
        return self._make(config)

    async def _end(self) -> None:
        run, self._run, self._started, self._config = self._run, None, None, None
        if run is not None:
            await run.stop()
