"""See a reload of nginx happen, or tell what was seen instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from console.adapters.proxy.control import CONTROL_TIMEOUT, Control
from console.adapters.proxy.workers import workers_of
from console.model.errors import ProxyRefusedError, ProxyUnreachableError
from console.model.observed import Live, Worker
from console.ports.proxy_host import ProxyHost

POLL = 0.005
"""Seconds between two looks at the processes."""
LAST_LOOK = 1.0
"""Seconds that the final question may take, so that a refusal can say which generation is live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """How one reload is observed."""

    host: ProxyHost
    control: Control
    path: str
    """Path to ask for through the users' upstream."""
    hint: str
    """The command that shows the proxy's own words."""

    async def wait(
        self, generation: int, before: frozenset[int], *, deadline: float
    ) -> tuple[tuple[Worker, ...], Live]:
        """Wait until no worker of `before` accepts, others do, and `generation` is live.

        The processes are asked first, since only they are exact: a fresh connection may reach an old or a new worker
        while both accept. A proxy that can't be asked may be on its way back, so that ends the wait only at its end.

        Raises:
            ProxyRefusedError: not so after `deadline` seconds.
            ProxyUnreachableError: at the end of them the proxy could not be asked.
        """
        until = asyncio.get_running_loop().time() + deadline
        workers: tuple[Worker, ...] = ()
        try:
            async with asyncio.timeout(deadline):
                while True:
                    workers = await self._workers()
                    if _replaced(workers, before):
                        live = await self._live(until)
                        if live is not None and live.generation == generation:
                            return workers, live
                    await asyncio.sleep(POLL)
        except TimeoutError:
            pass
        raise await self._verdict(generation, before, workers, deadline)

    async def _workers(self) -> tuple[Worker, ...]:
        try:
            return workers_of(await self.host.processes())
        except ProxyUnreachableError:
            return ()

    async def _live(self, until: float) -> Live | None:
        """What the proxy says, if anything. A release that hangs is a finding and must not use up the wait."""
        left = until - asyncio.get_running_loop().time()
        try:
            return await self.control.live(self.path, timeout=min(left / 2, CONTROL_TIMEOUT))
        except ProxyUnreachableError:
            return None

    async def _verdict(
        self, generation: int, before: frozenset[int], workers: tuple[Worker, ...], deadline: float
    ) -> ProxyRefusedError | ProxyUnreachableError:
        attempted = f"see the proxy serve generation {generation} within {deadline:g} s"
        if not workers:
            return ProxyUnreachableError(
                attempted, "it runs no worker", now="the proxy serves nobody", next_command=self.hint
            )
        try:
            live, color = await self.control.generation(timeout=LAST_LOOK)
        except ProxyUnreachableError as error:
            return ProxyUnreachableError(attempted, error.found, now="unknown: workers run", next_command=self.hint)
        named = f" ({color.value})" if color else ""
        stayed = sorted(worker.pid for worker in workers if not worker.retiring and worker.pid in before)
        if stayed:
            pids = ", ".join(map(str, stayed))
            found = (
                f"the reload was refused: workers of before still accept (pid {pids}), generation {live}{named} is live"
            )
        else:
            found = f"the workers are new, but generation {live}{named} is live"
        return ProxyRefusedError(attempted, found, now=f"generation {live}{named} serves", next_command=self.hint)


def _replaced(workers: tuple[Worker, ...], before: frozenset[int]) -> bool:
    accepting = {worker.pid for worker in workers if not worker.retiring}
    return bool(accepting) and not accepting & before
