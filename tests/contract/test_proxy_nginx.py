"""The proxy contract over a real nginx on this machine, and what only nginx does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from console.adapters.proxy.http import fetch, target_of
from console.adapters.proxy.nginx import NginxProxy
from console.demo.stack import EmbeddedStack
from console.demo.stack.ports import free_ports
from console.model.color import Color
from console.model.errors import ProxyRefusedError
from console.model.observed import Upstream
from tests.contract.nginx_refusals import PAST_THE_UPSTREAM, NginxRefusals, NginxRig
from tests.contract.proxy_contract import ProxyContract, ProxyRig, bring_live, closing, cut_over, until


class EmbeddedRig:
    """`ProxyRig` over the embedded stack."""

    def __init__(self, stack: EmbeddedStack) -> None:
        self.stack = stack
        self.proxy = NginxProxy(stack.spec, stack.host)
        self.url = stack.url
        self._main = (stack.nginx.directory / "nginx.conf").read_text()

    def servers(self, color: Color) -> tuple[str, ...]:
        return self.stack.runtime.servers(color)

    def addresses(self, color: Color) -> frozenset[str]:
        return frozenset(self.stack.runtime.servers(color))

    def release(self, color: Color) -> str:
        return "v1" if color is Color.BLUE else "v2"

    def unused_address(self) -> str:
        return "127.0.0.1:1"

    @contextlib.asynccontextmanager
    async def slow_requests(self, count: int) -> AsyncIterator[Callable[[], Awaitable[list[int]]]]:
        target = target_of(f"{self.url}/slow?s=8")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetch(target, timeout=40)) for _ in range(count)]

            async def arrived() -> bool:
                return (await self.proxy.in_flight(self.addresses(Color.BLUE)) or 0) >= count

            await until(arrived)
            # One of them may be an idle connection of an earlier request, so the last slow one may still be on its way.
            await asyncio.sleep(1.0)

            async def statuses() -> list[int]:
                return [(await task).status for task in tasks]

            yield statuses

    def extra(self, text: str) -> None:
        assert "http {" in self._main
        (self.stack.nginx.directory / "nginx.conf").write_text(self._main.replace("http {", f"http {{\n{text}", 1))

    def lead_past_the_upstream(self) -> None:
        port = free_ports(1)[0]
        group = "upstream app { server 127.0.0.1:1; }"
        self.extra(group + PAST_THE_UPSTREAM.replace("9998", str(port)))

    @contextlib.asynccontextmanager
    async def taken_port(self) -> AsyncIterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            yield taken.getsockname()[1]

    async def kill(self) -> None:
        pids = [process.pid for process in await self.stack.host.processes()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return not (await self.proxy.observe()).workers

        await until(gone)


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedRig]:
    async with EmbeddedStack() as stack:
        rig = EmbeddedRig(stack)
        await stack.runtime.start(Color.GREEN, await stack.runtime.build(Color.GREEN), replicas=1)

        async def ready() -> bool:
            answer = await rig.proxy.probe_replica(min(rig.addresses(Color.GREEN)), "/ready", timeout=1)
            return answer.status == 200

        await until(ready)
        async with closing(rig):
            yield rig


class TestNginxOnThisMachine(ProxyContract):
    @pytest.fixture
    def rig(self, embedded: EmbeddedRig) -> ProxyRig:
        return embedded


class TestRefusalsOnThisMachine(NginxRefusals):
    @pytest.fixture
    def rig(self, embedded: EmbeddedRig) -> NginxRig:
        return embedded


class TestNginx:
    async def test_the_file_is_readable_by_the_workers_and_leaves_no_temporary_one(self, embedded: EmbeddedRig) -> None:
        await cut_over(embedded, Color.GREEN, 1)
        file = embedded.stack.spec.upstream_file
        assert stat.S_IMODE(file.stat().st_mode) == 0o644
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    async def test_a_release_that_hangs_is_still_read_back_without_a_served_address(
        self, embedded: EmbeddedRig
    ) -> None:
        async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await over.wait()
            writer.close()

        over = asyncio.Event()
        server = await asyncio.start_server(never, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            embedded.proxy.write(Upstream(generation=1, color=Color.GREEN, servers=(address,)))
            before = await embedded.proxy.apply()
            seen = await embedded.proxy.read_back(1, before, deadline=20)
        finally:
            over.set()
            server.close()
            await server.wait_closed()
        assert seen.live is not None
        assert (seen.live.generation, seen.live.served) == (1, None)

    async def test_a_color_without_a_listener_serves_no_address(self, embedded: EmbeddedRig) -> None:
        embedded.proxy.write(Upstream(generation=1, color=Color.GREEN, servers=("127.0.0.1:1",)))
        seen = await bring_live(embedded, 1)
        assert seen.live is not None
        assert (seen.live.generation, seen.live.served) == (1, None)

    async def test_a_directory_that_is_gone_is_a_refusal_that_names_the_file(self, embedded: EmbeddedRig) -> None:
        file = embedded.stack.spec.upstream_file
        file.parent.rmdir()
        with pytest.raises(ProxyRefusedError, match=str(file)) as refused:
            embedded.proxy.write(Upstream(generation=1, color=Color.GREEN, servers=embedded.servers(Color.GREEN)))
        assert refused.value.now == "the proxy goes on with the configuration it has"

    async def test_a_cancelled_read_back_raises_the_cancellation(self, embedded: EmbeddedRig) -> None:
        task = asyncio.create_task(embedded.proxy.read_back(9, frozenset(), deadline=30))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
