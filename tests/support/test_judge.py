"""The judge must be right before it may judge: every injected fault is counted once, in its kind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.judge import Judge, Settings
from tests.support.traffic import Traffic

Answerer = Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
OK = b"HTTP/1.1 200 OK\r\nX-Rollout-Color: blue\r\nX-Rollout-Release: v1\r\n"


@asynccontextmanager
async def server(answer: Answerer) -> AsyncIterator[int]:
    """A server that calls `answer(number of the request, ...)`; it closes the connection when that is false."""
    served = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        try:
            while await reader.read(65536):
                served += 1
                if not await answer(served, reader, writer):
                    break
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def good(_number: int, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(OK + b"Content-Length: 2\r\n\r\nok")
    return True


def settings(port: int, **changed: float | str | None) -> Settings:
    base: dict[str, float | str | None] = {
        "rate": 200.0, "post_path": None, "slow_path": None, "connections": 2, "timeout": 10.0, "max_requests": 20,
    }  # fmt: skip
    return Settings(port=port, **{**base, **changed})  # type: ignore[arg-type]


async def judged(answer: Answerer, **changed: float | str | None) -> Judge:
    async with server(answer) as port:
        judge = Judge(settings(port, **changed))
        async with asyncio.timeout(60):
            await judge.run(asyncio.Event())
    tally = judge.tally
    assert tally.due == tally.ok + tally.dropped + tally.not_sent
    return judge


async def test_a_healthy_server_loses_nothing_and_every_answer_has_its_release() -> None:
    tally = (await judged(good)).tally
    assert (tally.due, tally.ok, tally.drops) == (20, 20, [])
    assert tally.releases["blue/v1"]["count"] == 20
    assert tally.sent == {"GET fresh": 2, "GET kept": 18}


FAULTS: dict[str, tuple[str, bytes]] = {
    "closed before the first byte": ("eof", b""),
    "a body cut short": ("truncated", OK + b"Content-Length: 20\r\n\r\nok"),
    "a head cut short": ("truncated", OK),
    "a chunked body without its end": ("truncated", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
    "an answer 500": ("status", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    "an answer 502": ("status", b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"),
    "no HTTP at all": ("malformed", b"hello\r\n\r\n"),
    "two answers for one request": ("malformed", (OK + b"Content-Length: 0\r\n\r\n") * 2),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_counted_once_in_its_kind(fault: str) -> None:
    kind, wire = FAULTS[fault]

    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if number != 7:
            return await good(number, reader, writer)
        writer.write(wire)
        return False

    tally = (await judged(answer)).tally
    assert [drop["kind"] for drop in tally.drops] == [kind]
    assert tally.dropped == 1


async def test_a_reset_in_the_answer_is_a_drop() -> None:
    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if number == 7:
            writer.transport.abort()
            return False
        return await good(number, reader, writer)

    tally = (await judged(answer)).tally
    assert [drop["kind"] for drop in tally.drops] in (["reset"], ["eof"])


async def test_no_answer_within_the_limit_is_a_drop() -> None:
    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        return number == 7 or await good(number, reader, writer)

    tally = (await judged(answer, timeout=2.0)).tally
    assert [drop["kind"] for drop in tally.drops] == ["timeout"]


async def test_an_answer_that_comes_too_late_for_a_user_is_a_drop() -> None:
    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if number == 7:
            await asyncio.sleep(3.0)
        return await good(number, reader, writer)

    tally = (await judged(answer, patience=1.0)).tally
    assert [drop["kind"] for drop in tally.drops] == ["hung"]


async def test_a_server_that_is_not_there_drops_everything(free_port: int) -> None:
    judge = Judge(settings(free_port, max_requests=5))
    await judge.run(asyncio.Event())
    assert [drop["kind"] for drop in judge.tally.drops] == ["refused"] * 5


async def test_an_idle_connection_closed_before_use_is_replaced_and_is_no_drop() -> None:
    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await good(number, reader, writer)
        return number % 3 != 0

    tally = (await judged(answer)).tally
    assert tally.drops == []
    assert tally.recycled >= 3


async def test_a_post_must_get_its_own_body_back() -> None:
    async def forgetful(_number: int, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(OK + b"Content-Length: 2\r\n\r\n{}")
        return True

    tally = (await judged(forgetful, post_path="/echo", post_every=4)).tally
    posts = [drop for drop in tally.drops if str(drop["request"]).startswith("POST")]
    assert len(posts) == tally.dropped > 0
    assert {drop["kind"] for drop in posts} == {"body"}


async def test_slow_requests_are_waited_for_after_the_stop() -> None:
    async def answer(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(0.3)
        return await good(number, reader, writer)

    async with server(answer) as port:
        traffic = Traffic(f"http://127.0.0.1:{port}", rate=50.0, post_path=None, slow_path="/slow", slow_rate=10.0)
        async with traffic:
            await asyncio.to_thread(traffic.wait_for, 5)
    traffic.report.assert_clean(at_least=5)
    assert traffic.report.ok == traffic.report.due
    assert any(kind.startswith("slow") for kind in traffic.report.sent)


async def test_the_traffic_ends_when_its_bound_is_reached_and_keeps_the_rate() -> None:
    async with server(good) as port:
        began = time.monotonic()
        traffic = Traffic(f"http://127.0.0.1:{port}", rate=200.0, post_path=None, slow_path=None, max_requests=100)
        async with traffic:
            await asyncio.to_thread(traffic.wait_for_end)
    assert traffic.report.due == 100
    assert time.monotonic() - began >= 99 / 200


def test_a_report_with_a_drop_is_not_clean(free_port: int) -> None:
    with Traffic(f"http://127.0.0.1:{free_port}", rate=50.0, max_requests=5) as traffic:
        traffic.wait_for_end()
    with pytest.raises(AssertionError, match="5 dropped"):
        traffic.report.assert_clean()


def test_load_is_sent_to_loopback_only() -> None:
    with pytest.raises(ValueError, match="only"):
        Traffic("http://192.0.2.1:80")
