"""A runtime whose replicas are records."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Health, Replica, ReplicaState
from console.model.release import Image
from console.ports.runtime import ReplicaChanged, ReplicaStats
from tests.fakes.faults import Faults


class FakeRuntime:
    def __init__(self) -> None:
        self.faults = Faults()
        self.containers: dict[Color, list[Replica]] = {Color.BLUE: [], Color.GREEN: []}
        self.images: dict[str, Image] = {}
        self.kept: dict[int, Image] = {}
        self.health = Health.HEALTHY
        self.touched: list[tuple[str, Color]] = []
        self.warnings: dict[Color, str] = {}
        self.migrated: list[bool] = []
        self.uses: dict[str, ReplicaStats] = {}
        self.said: dict[str, list[str]] = {}
        """What a replica of that name wrote, each line with its time; without, two lines that name it."""
        self.serving: Callable[[], Color | None] = lambda: None
        """Which color gets the traffic; the stack knows."""
        self.harmed: list[tuple[str, Color]] = []
        """What was stopped or removed while it got the traffic."""
        self.numbers = 0
        """The last number given out; ids and addresses are made of it."""
        self._ran: list[str] = []
        self._listeners: list[asyncio.Queue[ReplicaChanged]] = []

    def add_image(self, reference: str) -> Image:
        image = Image(reference=reference, id=f"sha256:{hashlib.sha256(reference.encode()).hexdigest()}")
        self.images[reference] = self.images[image.id] = image
        return image

    def put(self, color: Color, image: Image, *, count: int = 1) -> None:
        for _ in range(count):
            self.numbers += 1
            replica = Replica(
                id=f"{self.numbers:064x}",
                name=f"{color.value}-{self.numbers}",
                color=color,
                state=ReplicaState.RUNNING,
                health=self.health,
                address=f"10.0.0.{self.numbers}:8000",
                image_id=image.id,
                image=image.reference,
                config_hash="hash",
                started_at=f"start-{self.numbers}",
            )
            self.containers[color].append(replica)
            self._tell(replica, "start")

    def lose(self, color: Color, what: str = "die") -> None:
        """A replica of this color dies, as Docker would tell it."""
        gone = self.containers[color][0]
        if what == "die":
            self.containers[color][0] = replace(gone, state=ReplicaState.EXITED, exit_code=137, address=None)
        else:
            self.containers[color][0] = replace(gone, health=Health.UNHEALTHY)
        self._tell(gone, what, exit_code=137)

    def _tell(self, replica: Replica, what: str, *, exit_code: int | None = None) -> None:
        for queue in self._listeners:
            queue.put_nowait(ReplicaChanged(id=replica.id, color=replica.color, what=what, exit_code=exit_code))

    def _touch(self, what: str, color: Color) -> None:
        self.touched.append((what, color))
        self._ran.append(f"fake {what} {color.value}")
        running = any(replica.running for replica in self.containers[color])
        if what in {"stop", "remove"} and running and self.serving() is color:
            self.harmed.append((what, color))

    def _up(self, color: Color) -> None:
        for number, replica in enumerate(self.containers[color]):
            if not replica.running:
                self.numbers += 1
                address = f"10.0.0.{self.numbers}:8000"
                again = replace(replica, state=ReplicaState.RUNNING, exit_code=None, address=address)
                self.containers[color][number] = again
                self._tell(again, "start")

    def _down(self, color: Color) -> None:
        for number, replica in enumerate(self.containers[color]):
            if replica.running:
                ended = replace(replica, state=ReplicaState.EXITED, exit_code=0, address=None)
                self.containers[color][number] = ended
                self._tell(ended, "die", exit_code=0)

    async def replicas(self) -> tuple[Replica, ...]:
        await self.faults.ameet("replicas")
        return tuple(replica for color in Color for replica in self.containers[color])

    def servers(self, color: Color) -> tuple[str, ...]:
        return (f"app_{color.value}:8000",)

    async def resolve(self, reference: str) -> Image | None:
        await self.faults.ameet("resolve")
        image = self.images.get(reference)
        return replace(image, reference=reference) if image else None

    async def pull(self, reference: str) -> Image:
        await self.faults.ameet("pull")
        return self.images.get(reference) or self.add_image(reference)

    async def build(self, color: Color) -> Image:
        await self.faults.ameet("build")
        return self.add_image(f"built-{color.value}-{len(self.images)}")

    async def keep_image(self, image: Image, *, release: int) -> None:
        await self.faults.ameet("keep_image")
        self.kept[release] = image

    async def start(self, color: Color, image: Image, *, replicas: int, migrate: bool = True) -> None:
        self.migrated.append(migrate)
        self._touch("start", color)
        await self.faults.ameet("start")
        if self.containers[color]:
            raise RuntimeFailedError("start", f"{color.value} has containers")
        self.put(color, image, count=replicas)
        await self.faults.ameet("started")

    async def bring_up(self, color: Color) -> None:
        self._touch("bring_up", color)
        await self.faults.ameet("bring_up")
        if not self.containers[color]:
            self.put(color, next(iter(self.images.values())))
        self._up(color)

    async def take_down(self) -> None:
        await self.faults.ameet("take_down")
        self.containers = {Color.BLUE: [], Color.GREEN: []}

    def pin_warning(self, color: Color) -> str:
        return self.warnings.get(color, "")

    async def versions(self) -> tuple[tuple[str, str], ...]:
        return (("fake", "1"),)

    async def resume(self, color: Color) -> None:
        self._touch("resume", color)
        await self.faults.ameet("resume")
        self._up(color)

    async def stop(self, color: Color) -> None:
        self._touch("stop", color)
        await self.faults.ameet("stop")
        self._down(color)

    async def remove(self, color: Color) -> None:
        self._touch("remove", color)
        await self.faults.ameet("remove")
        self._down(color)
        for replica in self.containers[color]:
            self._tell(replica, "destroy")
        self.containers[color] = []

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[ReplicaChanged]]:
        await self.faults.ameet("changes")
        queue: asyncio.Queue[ReplicaChanged] = asyncio.Queue()
        self._listeners.append(queue)

        async def stream() -> AsyncIterator[ReplicaChanged]:
            while True:
                yield await queue.get()

        try:
            yield stream()
        finally:
            self._listeners.remove(queue)

    async def stats(self, replica: Replica) -> ReplicaStats:
        await self.faults.ameet("stats")
        if not any(one.id == replica.id and one.running for color in Color for one in self.containers[color]):
            raise RuntimeFailedError(f"read what {replica.name} uses", "it does not run")
        return self.uses.get(replica.id, ReplicaStats(cpu_percent=0.5, memory_bytes=40 << 20))

    async def logs(self, replica: Replica, *, tail: int, timestamps: bool = False) -> tuple[str, ...]:
        await self.faults.ameet("logs")
        at = "2026-01-01T12:00:00.000Z "
        said = self.said.get(replica.name, [f"{at}first line of {replica.name}", f"{at}log of {replica.name}"])
        return tuple(text if timestamps else text.partition(" ")[2] for text in said[-tail:])

    async def close(self) -> None:
        self.faults.meet("close")

    def narration(self) -> tuple[str, ...]:
        ran, self._ran = self._ran, []
        return tuple(ran)
