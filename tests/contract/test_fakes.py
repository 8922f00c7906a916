"""The fakes keep the same contracts as the real adapters: what the engine's tests prove on them holds out there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from console.model.color import Color
from console.ports.runtime import Runtime
from tests.contract.proxy_contract import ProxyContract, ProxyRig
from tests.contract.runtime_contract import RuntimeContract
from tests.fakes.proxy import URL, FakeProxy
from tests.fakes.runtime import FakeRuntime


class WallClock:
    """The one clock of these tests that takes its time: the contract has deadlines."""

    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="milliseconds")

    def monotonic(self) -> float:
        return time.monotonic()

    def awake(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class FakeRig:
    """`ProxyRig` over the fake proxy and runtime."""

    def __init__(self) -> None:
        self.runtime = FakeRuntime()
        self.runtime.put(Color.BLUE, self.runtime.add_image("shop:1"), count=2)
        self.runtime.put(Color.GREEN, self.runtime.add_image("shop:2"), count=2)
        self.fake = FakeProxy(self.runtime, WallClock())
        self.proxy = self.fake
        self.url = URL

    def servers(self, color: Color) -> tuple[str, ...]:
        return self.runtime.servers(color)

    def addresses(self, color: Color) -> frozenset[str]:
        return frozenset(replica.address for replica in self.runtime.containers[color] if replica.address)

    def release(self, color: Color) -> str:
        return self.runtime.containers[color][0].image

    def unused_address(self) -> str:
        return "10.0.0.250:8000"

    @contextlib.asynccontextmanager
    async def slow_requests(self, count: int) -> AsyncIterator[Callable[[], Awaitable[list[int]]]]:
        self.fake.flights[Color.BLUE] = count
        self.fake.old = {9}

        async def statuses() -> list[int]:
            self.fake.flights[Color.BLUE] = 0
            self.fake.old = set()
            return [200] * count

        yield statuses

    def lead_past_the_upstream(self) -> None:
        self.fake.past = ("location /direct/: proxy_pass http://app",)

    async def kill(self) -> None:
        self.fake.gone = True


class TestFakeProxy(ProxyContract):
    @pytest.fixture
    def rig(self) -> ProxyRig:
        return FakeRig()


class TestFakeRuntime(RuntimeContract):
    @pytest.fixture
    def runtime(self) -> Runtime:
        return FakeRuntime()
