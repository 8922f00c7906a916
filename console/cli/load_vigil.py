"""Looks after a run of `rollout load`: says when the generator is silent, and ends it when its time is long over."""

from __future__ import annotations

import asyncio
from time import monotonic

from console.cli.load_live import LiveLoad
from console.model.load import LoadConfig
from console.ports.load import LoadRun

_LOOK = 0.5
_GRACE = 5.0
"""Seconds beyond the schedule, one attempt and its retry."""


class Vigil:
    """The duration of a run holds even where the generator is no longer able to keep it."""

    def __init__(self, load: LoadRun, live: LiveLoad, config: LoadConfig) -> None:
        self._load = load
        self._live = live
        self._end = monotonic() + (config.duration or 0.0) + 2 * config.timeout + _GRACE
        self.problem = ""
        """Why the run was ended from here; empty when it was not."""

    async def keep(self) -> None:
        """Look until the run is over. A silent generator may come back, so it has until its time is over."""
        while True:
            await asyncio.sleep(_LOOK)
            problem = self._load.counts().problem
            if not problem or self._load.summary is not None:
                continue
            self._live.trouble(problem)
            if monotonic() > self._end:
                self.problem = problem
                await self._load.close()
                return
