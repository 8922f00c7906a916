from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import PurePosixPath

import pytest

from console.adapters.proxy.control import Control
from console.model.color import Color
from console.model.errors import ProxyUnreachableError
from console.model.observed import Live
from console.ports.proxy_host import CommandResult, Process

REPLICA = "172.18.0.2:8000"


class CannedHost:
    """A proxy host whose control listener gives canned answers by path."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.requests: list[str] = []
        self.lookups = 0
        self.port: int | None = None

    async def published(self, port: int) -> str | None:
        assert port == 9080
        self.lookups += 1
        return f"127.0.0.1:{self.port}" if self.port else None

    async def addresses(self) -> tuple[str, ...]:
        raise NotImplementedError

    async def run(self, argv: tuple[str, ...], *, deadline: float) -> CommandResult:
        raise NotImplementedError

    async def processes(self) -> tuple[Process, ...]:
        raise NotImplementedError

    async def read_text(self, path: PurePosixPath) -> str:
        raise NotImplementedError

    async def identity(self) -> str:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.requests.append(path)
        writer.write(self.answers[path])
        await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def listening(answers: dict[str, bytes]) -> AsyncIterator[tuple[Control, CannedHost]]:
    host = CannedHost(answers)
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield Control(host, 9080), host
    finally:
        server.close()
        await server.wait_closed()


def answer(status: int, body: str = "", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{lines}\r\n{body}".encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("42 green\n", (42, Color.GREEN)),
        ("1 blue", (1, Color.BLUE)),
        ("0 blue\n", (0, None)),
        ("7 red\n", (7, None)),
    ],
)
async def test_the_generation_and_the_color_it_names_are_read(body: str, expected: tuple[int, Color | None]) -> None:
    async with listening({"/generation": answer(200, body)}) as (control, _):
        assert await control.generation(timeout=5) == expected


@pytest.mark.parametrize(
    "given", [answer(200, "nonsense"), answer(200, ""), answer(404, "42 green\n"), b"garbage\r\n\r\n"]
)
async def test_an_answer_that_makes_no_sense_is_unreachable(given: bytes) -> None:
    async with listening({"/generation": given}) as (control, _):
        with pytest.raises(ProxyUnreachableError):
            await control.generation(timeout=5)


async def test_generation_and_served_address_are_asked_together() -> None:
    served = answer(200, X_Rollout_Served=REPLICA, X_Rollout_Upstream_Status="200")
    async with listening({"/generation": answer(200, "3 green\n"), "/served/ready": served}) as (control, host):
        assert await control.live("/ready", timeout=5) == Live(generation=3, color=Color.GREEN, served=REPLICA)
    assert sorted(host.requests) == ["/generation", "/served/ready"]
    assert host.lookups <= 2


@pytest.mark.parametrize(
    ("given", "served"),
    [
        (answer(200, X_Rollout_Served=f"172.18.0.9:8000, {REPLICA}"), REPLICA),
        (answer(503, X_Rollout_Served=REPLICA), REPLICA),
        (answer(502, X_Rollout_Served=REPLICA), None),
        (answer(502, X_Rollout_Served=REPLICA, X_Rollout_Release="v1"), REPLICA),
        (answer(502, X_Rollout_Served=REPLICA, X_Rollout_Upstream_Header_Time="0.001"), REPLICA),
        (answer(502, X_Rollout_Served=REPLICA, X_Rollout_Upstream_Header_Time="-"), None),
        (answer(200, X_Rollout_Served=REPLICA, X_Rollout_Upstream_Header_Time="-, 0.001"), REPLICA),
        (answer(502, X_Rollout_Served="rollout"), None),
        (answer(200), None),
        (b"", None),
    ],
)
async def test_the_address_is_that_of_the_replica_that_really_answered(given: bytes, served: str | None) -> None:
    async with listening({"/served/": given}) as (control, _):
        assert await control.served("/", timeout=5) == served


@pytest.mark.parametrize(
    ("given", "status", "problem"),
    [
        (answer(200), 200, ""),
        (answer(503), 503, ""),
        (answer(502), None, f"refused: {REPLICA}"),
        (answer(504), None, f"timeout: {REPLICA}"),
        (answer(502, X_Rollout_Upstream_Header_Time="0.000"), 502, ""),
        (answer(500, X_Rollout_Upstream_Header_Time="-"), None, "broken: the proxy answered 500 itself"),
        (answer(504, X_Rollout_Release="v1"), 504, ""),
        (b"", None, "broken: "),
    ],
)
async def test_an_answer_of_the_proxy_itself_is_a_problem_not_the_replicas_status(
    given: bytes, status: int | None, problem: str
) -> None:
    async with listening({f"/replica/{REPLICA}/ready": given}) as (control, _):
        seen = await control.probe(REPLICA, "/ready", timeout=5)
    assert seen.status == status
    assert seen.problem.startswith(problem)
    assert bool(seen.problem) is (status is None)


async def test_a_listener_that_is_not_published_is_unreachable() -> None:
    async with listening({}) as (control, host):
        host.port = None
        with pytest.raises(ProxyUnreachableError, match="does not publish port"):
            await control.generation(timeout=5)


async def test_the_address_is_looked_up_again_after_a_failure() -> None:
    async with listening({"/generation": answer(200, "1 blue\n")}) as (control, host):
        real, host.port = host.port, 1
        with pytest.raises(ProxyUnreachableError):
            await control.generation(timeout=5)
        host.port = real
        assert await control.generation(timeout=5) == (1, Color.BLUE)
        assert await control.generation(timeout=5) == (1, Color.BLUE)
        assert host.lookups == 2
