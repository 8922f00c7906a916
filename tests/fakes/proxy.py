"""A proxy that is a file and a running configuration."""

from __future__ import annotations

from console.adapters.proxy import upstream_file
from console.model.color import Color
from console.model.errors import ProxyRefusedError
from console.model.observed import Live, Upstream, UpstreamObserved, Worker
from console.ports.proxy import Answer
from tests.fakes.faults import Faults
from tests.fakes.runtime import FakeRuntime


class FakeProxy:
    def __init__(self, runtime: FakeRuntime) -> None:
        self.faults = Faults()
        self.runtime = runtime
        self.file: bytes | None = None
        self.running: Upstream | None = None
        self.generation = 0
        self.pids = {10, 11}
        self.old: set[int] = set()
        self.flights: dict[Color, int] = {Color.BLUE: 0, Color.GREEN: 0}
        self.refuses = False
        """Takes reloads and ignores them, as nginx does with a bad log path."""
        self.ready: dict[Color, int | None] = {Color.BLUE: 200, Color.GREEN: 200}
        self.smoke: dict[Color, int | None] = {Color.BLUE: 200, Color.GREEN: 200}
        self.wrong_address: str | None = None
        self.gone = False
        self.flips: list[Color] = []
        self.fresh_failure: int | None = None

    @property
    def color(self) -> Color:
        return self.running.color if self.running else Color.BLUE

    def seed(self, color: Color, generation: int = 1) -> None:
        upstream = Upstream(generation=generation, color=color, servers=self.runtime.servers(color))
        self.file = upstream_file.render(upstream)
        self.running, self.generation = upstream, generation

    def _served(self) -> str | None:
        if self.wrong_address is not None:
            return self.wrong_address
        running = [r for r in self.runtime.containers[self.color] if r.running]
        return running[0].address if running else None

    async def observe(self) -> UpstreamObserved:
        await self.faults.ameet("observe")
        if self.gone:
            return UpstreamObserved(configured=upstream_file.parse(self.file), live=None, problem="the proxy is gone")
        workers = tuple(Worker(pid=pid, retiring=False) for pid in sorted(self.pids)) + tuple(
            Worker(pid=pid, retiring=True) for pid in sorted(self.old)
        )
        live = Live(generation=self.generation, color=self.color, served=self._served())
        return UpstreamObserved(configured=upstream_file.parse(self.file), live=live, workers=workers)

    def read(self) -> bytes | None:
        return self.file

    def write(self, upstream: Upstream) -> None:
        self.faults.meet("write")
        self.file = upstream_file.render(upstream)

    def restore(self, content: bytes | None, generation: int) -> None:
        self.faults.meet("restore")
        self.file = upstream_file.reissue(content, generation)

    async def validate(self) -> None:
        await self.faults.ameet("validate")

    async def apply(self) -> frozenset[int]:
        await self.faults.ameet("apply")
        before = frozenset(self.pids)
        if not self.refuses:
            self.running = upstream_file.parse(self.file)
            text = (self.file or b"").decode()
            self.generation = int(text.partition("generation=")[2].split()[0])
            self.flips.append(self.color)
            self.pids = {max(before) + 1, max(before) + 2}
        await self.faults.ameet("applied")
        return before

    async def read_back(self, generation: int, before: frozenset[int], *, deadline: float) -> UpstreamObserved:
        await self.faults.ameet("read_back")
        if self.pids & before or self.generation != generation:
            raise ProxyRefusedError("see the proxy take it", f"not within {deadline:g} s")
        return await self.observe()

    async def old_workers(self) -> int:
        await self.faults.ameet("old_workers")
        return len(self.old)

    async def in_flight(self, addresses: frozenset[str]) -> int | None:
        await self.faults.ameet("in_flight")
        owners = {r.color for c in Color for r in self.runtime.containers[c] if r.address in addresses}
        for color in owners:
            if self.flights[color]:
                self.flights[color] -= 1
                return self.flights[color] + 1
        return 0

    async def probe_replica(self, address: str, path: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        await self.faults.ameet("probe_replica")
        color = next(c for c in Color for r in self.runtime.containers[c] if r.address == address)
        status = (self.ready if path == "/ready" else self.smoke)[color]
        return Answer(status=status, seconds=timeout / 1000, problem="" if status else "refused")

    async def probe_url(self, url: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        await self.faults.ameet("probe_url")
        if self.fresh_failure is not None and self.color is Color.GREEN:
            return Answer(status=self.fresh_failure, seconds=timeout / 1000)
        return Answer(status=self.smoke[self.color], seconds=timeout / 1000, problem=url)

    async def close(self) -> None:
        self.faults.meet("close")
