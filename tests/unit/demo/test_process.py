"""The app as a process of its own: its signals, exit codes and health probe."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.demo.running import child, connected, request

PROBE = Path(__file__).resolve().parents[3] / "console" / "demo" / "app" / "probe.py"


async def probe(port: int, path: str = "/ready") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(PROBE), path),
        env={**os.environ, "PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode or 0, output.decode().strip()


async def test_sigterm_lets_the_request_in_flight_finish_and_exits_with_0() -> None:
    async with child(COLOR="blue", VERSION="v1") as app, connected(app.port) as wire:
        slow = asyncio.create_task(wire.exchange(request("/slow?s=0.5")))
        async with connected(app.port) as other:
            # Behind the slow one in the same loop: its answer tells that the slow one is being served.
            await asyncio.sleep(0)
            await other.exchange(request("/"))
            app.process.send_signal(signal.SIGTERM)
        answer = await slow
        wire.close()
        code, output = await app.end()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert code == 0
    assert "blue v1 drains: 1 in flight" in output


async def test_sigterm_during_the_warm_up_ends_it_at_once() -> None:
    async with child(WARMUP="60") as app:
        app.process.send_signal(signal.SIGTERM)
        code, _ = await app.end()
    assert code == 0


async def test_requests_that_the_deadline_cuts_are_told_by_exit_code_1() -> None:
    async with child(DRAIN="0.2") as app, connected(app.port) as wire:
        slow = asyncio.create_task(wire.exchange(request("/slow?s=60")))
        async with connected(app.port) as other:
            await asyncio.sleep(0)
            await other.exchange(request("/"))
        app.process.send_signal(signal.SIGTERM)
        code, output = await app.end()
        slow.cancel()
    assert code == 1
    assert "1 requests cut" in output


async def test_the_fault_crash_ends_the_process_without_a_word() -> None:
    async with child(FAULT="crash", FAULT_AFTER="0.2") as app, connected(app.port) as wire:
        await wire.exchange(request("/"))
        assert await app.end() == (1, "")


async def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    async with child() as app:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "console.demo.app"),
            env={**os.environ, "HOST": "127.0.0.1", "PORT": str(app.port)},
            cwd=PROBE.parents[3],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        output, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert output.decode().startswith(f"could not listen on 127.0.0.1:{app.port}: ")
    assert errors == b""


@pytest.mark.parametrize(("environment", "code", "seen"), [({}, 0, "200"), ({"WARMUP": "60"}, 1, "503")])
async def test_the_health_probe_tells_ready_from_not_ready(environment: dict[str, str], code: int, seen: str) -> None:
    async with child(**environment) as app:
        exit_code, output = await probe(app.port)
    assert exit_code == code
    assert seen in output


async def test_the_health_probe_says_that_nobody_listens(free_port: int) -> None:
    exit_code, output = await probe(free_port)
    assert exit_code == 1
    assert output.startswith(f"no answer on port {free_port}")
