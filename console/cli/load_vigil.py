"""Looks after a run of `rollout load`: says when the generator is silent, and ends it when its time is long over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from console.model.load import LoadConfig
from console.ports.load import LoadRun

_LOOK = 0.5
_GRACE = 5.0
"""Seconds beyond the schedule, one attempt and its retry."""


class Told(Protocol):
    """Somebody who has to know that there are no numbers."""

    def trouble(self, problem: str) -> None:
        """There are none at present, for this reason; it is said twice a second."""
        ...


class Vigil:
    """The duration of a run holds even where the generator is no longer able to keep it."""

    def __init__(self, load: LoadRun, told: Sequence[Told], config: LoadConfig) -> None:
        self._load = load
        self._told = told
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
            for one in self._told:
                one.trouble(problem)
            if monotonic() > self._end:
                self.problem = problem
                await self._load.close()
                return
