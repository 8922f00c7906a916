"""The loads of a rollout: a generator of its own, a share of the one that a console runs, and the fake."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig
from console.ports.load import LoadRun
from console.tui.load_tap import LoadTap
from tests.contract.load_contract import LoadContract, LoadRig
from tests.fakes.clock import FakeClock
from tests.fakes.load import FakeLoad
from tests.load.fault_server import Fault, FaultServer
from tests.load.runs import until

BAD = 40
"""The first so many requests are dropped."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(lambda number: Fault.STATUS_500 if number <= BAD else None) as server:
        yield server


class FakeRig:
    """`LoadRig` over the fake."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.config = LoadConfig(url="http://127.0.0.1/", rate=50.0, phase="planned")
        self.run = FakeLoad(self.clock).make(self.config)

    async def sent(self, phase: str) -> None:
        await self.clock.sleep(1.0)
        assert self.run.counts_in(phase).done > 0

    async def kill(self) -> None:
        self.run.dies()


class RealRig:
    """`LoadRig` over the real generator."""

    def __init__(self, source: LoadSupervisor, config: LoadConfig) -> None:
        self.config = config
        self.source = source
        self.run: LoadRun = source

    async def sent(self, phase: str) -> None:
        await until(lambda: self.run.counts_in(phase).done >= 10)

    async def kill(self) -> None:
        assert self.source.pid is not None
        os.kill(self.source.pid, signal.SIGKILL)
        await until(lambda: not self.source.counts().alive)
        await asyncio.sleep(0.1)  # what it had told is read


class TestFake(LoadContract):
    @pytest.fixture
    def rig(self) -> LoadRig:
        return FakeRig()


@pytest.mark.slow
class TestItsOwnGenerator(LoadContract):
    @pytest.fixture
    async def rig(self, server: FaultServer) -> AsyncIterator[LoadRig]:
        server.books.requests = BAD
        config = LoadConfig(url=server.url, rate=100.0, phase="planned", timeout=2.0)
        source = LoadSupervisor(config)
        yield RealRig(source, config)
        await source.close()


@pytest.mark.slow
class TestAConsolesGeneratorThatHadDropsBefore(LoadContract):
    @pytest.fixture
    async def rig(self, server: FaultServer) -> AsyncIterator[LoadRig]:
        config = LoadConfig(url=server.url, rate=100.0, timeout=2.0)
        source = LoadSupervisor(config)
        started = await source.start()
        await until(lambda: source.counts().done >= 2 * BAD)
        assert source.counts().dropped >= BAD
        rig = RealRig(source, LoadConfig(url=server.url, rate=100.0, phase="planned", timeout=2.0))
        rig.run = LoadTap(source, started, rig.config)
        yield rig
        await source.close()
