"""A proxy that is a file and a running configuration."""

from __future__ import annotations

from console.adapters.proxy import upstream_file
from console.model.color import Color
from console.model.errors import ProxyRefusedError, ProxyUnreachableError
from console.model.observed import Live, Replica, Upstream, UpstreamObserved, Worker
from console.ports.clock import Clock
from console.ports.proxy import Answer
from tests.fakes.clock import FakeClock
from tests.fakes.faults import Faults
from tests.fakes.runtime import FakeRuntime

URL = "http://127.0.0.1:8080"
PATHS = {"/", "/ready", "/health", "/slow"}


class FakeProxy:
    def __init__(self, runtime: FakeRuntime, clock: Clock | None = None) -> None:
        self.faults = Faults()
        self.runtime = runtime
        self.clock = clock or FakeClock()
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
        self.past: tuple[str, ...] = ()
        """What its configuration sends to a color past the upstream."""
        self.flips: list[Color] = []
        self.fresh_failure: int | None = None
        """What users get from green."""
        self.proofs: dict[str, set[str]] = {}
        """Which paths each address answered well since the last reload."""
        self.unproven: list[Color] = []
        """Colors that got the traffic of another one without having been proven first, nor by a restoration."""
        self._restoring = False

    @property
    def color(self) -> Color:
        return self.running.color if self.running else Color.BLUE

    def seed(self, color: Color, generation: int = 1) -> None:
        upstream = Upstream(generation=generation, color=color, servers=self.runtime.servers(color))
        self.file = upstream_file.render(upstream)
        self.running, self.generation = upstream, generation

    def _serving(self) -> Replica | None:
        return next((r for r in self.runtime.containers[self.color] if r.running), None)

    def _served(self) -> str | None:
        serving = self._serving()
        return self.wrong_address or (serving.address if serving else None)

    def _live(self) -> Live:
        return Live(
            generation=self.generation, color=self.running.color if self.running else None, served=self._served()
        )

    async def _reach(self, name: str) -> None:
        await self.faults.ameet(name)
        if self.gone:
            raise ProxyUnreachableError(name, "the proxy is gone", now="the proxy serves nobody")

    async def observe(self) -> UpstreamObserved:
        await self.faults.ameet("observe")
        if self.gone:
            return UpstreamObserved(configured=upstream_file.parse(self.file), live=None, problem="the proxy is gone")
        workers = tuple(Worker(pid=pid, retiring=False) for pid in sorted(self.pids)) + tuple(
            Worker(pid=pid, retiring=True) for pid in sorted(self.old)
        )
        return UpstreamObserved(configured=upstream_file.parse(self.file), live=self._live(), workers=workers)

    def read(self) -> bytes | None:
        return self.file

    def write(self, upstream: Upstream) -> None:
        self.faults.meet("write")
        try:
            self.file = upstream_file.render(upstream)
        except ValueError as error:
            raise ProxyRefusedError("write the upstream file", str(error)) from error

    def restore(self, content: bytes | None, generation: int) -> None:
        self.faults.meet("restore")
        self.file = upstream_file.reissue(content, generation)
        self._restoring = True

    async def validate(self) -> tuple[str, ...]:
        await self._reach("validate")
        return self.past

    async def apply(self) -> frozenset[int]:
        await self._reach("apply")
        before = frozenset(self.pids)
        if not self.refuses:
            self._reload()
            self.pids = {max(before) + 1, max(before) + 2}
        await self.faults.ameet("applied")
        return before

    def _reload(self) -> None:
        before = self.color
        self.running = upstream_file.parse(self.file)
        self.generation = int((self.file or b"").decode().partition("generation=")[2].split()[0])
        self.flips.append(self.color)
        there = [r.address or "" for r in self.runtime.containers[self.color] if r.running]
        proven = there and all(self.proofs.get(address, set()) >= {"/ready", "/health"} for address in there)
        if self.color is not before and not proven and not self._restoring:
            self.unproven.append(self.color)
        self.proofs.clear()
        self._restoring = False

    async def read_back(self, generation: int, before: frozenset[int], *, deadline: float) -> UpstreamObserved:
        await self._reach("read_back")
        if self.pids & before or self.generation != generation:
            await self.clock.sleep(deadline)
            live = f"generation {self.generation} ({self.color.value}) is live"
            raise ProxyRefusedError("see the proxy take it", f"{live}, not generation {generation}", now=live)
        return await self.observe()

    async def old_workers(self) -> int:
        await self._reach("old_workers")
        return len(self.old)

    async def versions(self) -> tuple[tuple[str, str], ...]:
        await self.faults.ameet("versions")
        return () if self.gone else (("nginx", "1.30.0"),)

    async def in_flight(self, addresses: frozenset[str]) -> int | None:
        await self._reach("in_flight")
        owners = {r.color for c in Color for r in self.runtime.containers[c] if r.address in addresses}
        for color in owners:
            if self.flights[color]:
                self.flights[color] -= 1
                return self.flights[color] + 1
        return 0

    async def probe_replica(self, address: str, path: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        await self.faults.ameet("probe_replica")
        host, _, port = address.partition(":")
        if host.count(".") != 3 or not port.isdigit():
            return Answer(status=None, seconds=0.0, problem=f"dns: not an address: {address}")
        every = [r for color in Color for r in self.runtime.containers[color]]
        replica = next((r for r in every if r.running and r.address == address), None)
        if self.gone or replica is None:
            return Answer(status=None, seconds=0.0, problem=f"refused: {address}")
        status = (self.ready if path == "/ready" else self.smoke)[replica.color]
        if status == 200:
            self.proofs.setdefault(address, set()).add(path)
        return self._answer(replica, path, status, timeout)

    async def probe_url(self, url: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        await self.faults.ameet("probe_url")
        serving = self._serving()
        if self.gone or serving is None or not url.startswith(f"{URL}/"):
            return Answer(status=None, seconds=0.0, problem=f"refused: {url}")
        if self.fresh_failure is not None and self.color is Color.GREEN:
            return Answer(status=self.fresh_failure, seconds=timeout / 1000)
        return self._answer(serving, url.removeprefix(URL), self.smoke[self.color], timeout)

    def _answer(self, replica: Replica, path: str, status: int | None, limit: float) -> Answer:
        place, _, query = path.partition("?")
        if place not in PATHS:
            status = 404
        if query and float(query.removeprefix("s=")) > limit:
            return Answer(status=None, seconds=limit, problem=f"timeout: {limit:g} s")
        if status is None:
            return Answer(status=None, seconds=limit / 1000, problem="refused: nobody listens")
        return Answer(status=status, seconds=limit / 1000, served=replica.address, release=replica.image)

    async def close(self) -> None:
        self.faults.meet("close")
