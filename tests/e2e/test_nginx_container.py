"""The proxy contract, and nginx's refusals, over the reference stack's own container."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from console.adapters.proxy.http import fetch, target_of
from console.adapters.proxy.nginx import NginxProxy
from console.adapters.runtime.container_host import ContainerHost
from console.config.load import load_spec
from console.config.options import Options
from console.model.color import Color
from console.model.spec import Spec
from tests.contract.nginx_refusals import PAST_THE_UPSTREAM, NginxRefusals, NginxRig
from tests.contract.proxy_contract import ProxyContract, ProxyRig, closing, cut_over, until, users_release
from tests.support.engine import docker_required, missing_docker, remove_project
from tests.support.stack import ReferenceStack, copy_reference_stack

pytestmark = [pytest.mark.docker, pytest.mark.slow]

RELEASES = {Color.BLUE: "v1", Color.GREEN: "v2"}
TAKEN_PORT = 9999
LISTENER = (
    f"import socket, time; s = socket.create_server(('127.0.0.1', {TAKEN_PORT})); "
    "print('up', flush=True); time.sleep(600)"
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]) -> Iterator[ReferenceStack]:
    """Both colors up and healthy behind the proxy, which serves blue by its own configuration."""
    if missing_docker() and not docker_required():
        pytest.skip(missing_docker())
    http_port, control_port = free_ports(2)
    project = f"rollout-nginx-{uuid.uuid4().hex[:8]}"
    directory = tmp_path_factory.mktemp("nginx") / "stack"
    stack = copy_reference_stack(directory, project=project, http_port=http_port, control_port=control_port)
    try:
        for color, service in ((Color.BLUE, "app"), (Color.GREEN, "app_green")):
            version = f"VERSION={RELEASES[color]}"
            stack.run("env", version, "docker", "compose", "--profile", "green", "build", service)
        stack.compose("--profile", "green", "up", "-d", "--wait")
        stack.wait_until_served()
        yield stack
    finally:
        remove_project(project)


class ContainerRig:
    """`ProxyRig` over the reference stack."""

    def __init__(self, stack: ReferenceStack, spec: Spec) -> None:
        self.stack = stack
        self.spec = spec
        self.host = ContainerHost(spec)
        self.proxy = NginxProxy(spec, self.host)
        self.url = stack.url
        self._main_file = stack.directory / "nginx" / "nginx.conf"
        self._main = self._main_file.read_text()

    def servers(self, color: Color) -> tuple[str, ...]:
        return (f"{self.spec.services[color]}:{self.spec.port}",)

    def addresses(self, color: Color) -> frozenset[str]:
        ids = self.stack.compose("--profile", "green", "ps", "-q", self.spec.services[color]).split()
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        told = self.stack.run("docker", "inspect", "-f", form, *ids).stdout.split()
        return frozenset(f"{address}:{self.spec.port}" for address in told)

    def release(self, color: Color) -> str:
        return RELEASES[color]

    def unused_address(self) -> str:
        return f"{min(self.addresses(Color.BLUE)).partition(':')[0]}:1"

    @contextlib.asynccontextmanager
    async def slow_requests(self, count: int) -> AsyncIterator[Callable[[], Awaitable[list[int]]]]:
        blue = self.addresses(Color.BLUE)
        async with asyncio.TaskGroup() as group:
            target = target_of(f"{self.url}/slow?s=10")
            tasks = [group.create_task(fetch(target, timeout=60)) for _ in range(count)]

            async def arrived() -> bool:
                return (await self.proxy.in_flight(blue) or 0) >= count

            await until(arrived)

            async def statuses() -> list[int]:
                return [(await task).status for task in tasks]

            yield statuses

    def extra(self, text: str) -> None:
        assert "http {" in self._main
        self._main_file.write_text(self._main.replace("http {", f"http {{\n{text}", 1))

    def lead_past_the_upstream(self) -> None:
        self.extra(PAST_THE_UPSTREAM)

    @contextlib.asynccontextmanager
    async def taken_port(self) -> AsyncIterator[int]:
        proxy = await asyncio.to_thread(self.stack.compose, "ps", "-q", "proxy")
        name = f"{self.stack.project}-taken"
        network = f"container:{proxy.strip()}"
        image = ("python:3.13-slim", "python3", "-c", LISTENER)
        run = ("docker", "run", "-d", "--rm", "--name", name, "--network", network, *image)
        await asyncio.to_thread(self.stack.run, *run)
        try:

            async def listens() -> bool:
                return "up" in (await asyncio.to_thread(self.stack.run, "docker", "logs", name)).stdout

            await until(listens)
            yield TAKEN_PORT
        finally:
            await asyncio.to_thread(self.stack.run, "docker", "rm", "-f", name)

    async def kill(self) -> None:
        await asyncio.to_thread(self.stack.compose, "kill", "proxy")

    def reset(self) -> None:
        """As it was at first: no generated file, the tracked configuration, a fresh nginx."""
        self.extra("")
        self._main_file.write_text(self._main)
        self.spec.upstream_file.unlink(missing_ok=True)
        self.stack.compose("restart", "-t", "0", "proxy")


@pytest.fixture
async def rig(stack: ReferenceStack) -> AsyncIterator[ContainerRig]:
    foreign = ("COMPOSE_", "ROLLOUT_", "PROJECT_NAME", "HTTP_PORT", "CONTROL_PORT")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    spec = await asyncio.to_thread(load_spec, Options(directory=stack.directory), environ)
    rig = ContainerRig(stack, spec)

    async def serves() -> bool:
        return (await rig.proxy.observe()).live is not None

    await until(serves)
    async with closing(rig):
        try:
            yield rig
        finally:
            await asyncio.to_thread(rig.reset)


class TestNginxInItsContainer(ProxyContract):
    @pytest.fixture
    def rig(self, rig: ContainerRig) -> ProxyRig:
        return rig


class TestRefusalsInTheContainer(NginxRefusals):
    @pytest.fixture
    def rig(self, rig: ContainerRig) -> NginxRig:
        return rig


async def test_a_cutover_changes_no_tracked_file(rig: ContainerRig) -> None:
    await cut_over(rig, Color.GREEN, 1)
    assert await asyncio.to_thread(rig.stack.changed_files) == ""


async def test_a_crashed_nginx_comes_back_with_the_upstream_it_had(rig: ContainerRig) -> None:
    await cut_over(rig, Color.GREEN, 1)
    master = (await rig.host.processes())[0].pid
    await asyncio.to_thread(subprocess.run, ["kill", "-9", str(master)], check=True, start_new_session=True)

    async def back() -> bool:
        live = (await rig.proxy.observe()).live
        return live is not None and live.generation == 1

    async def serves_green() -> bool:
        return await users_release(rig) == rig.release(Color.GREEN)

    await until(back)
    await until(serves_green)
