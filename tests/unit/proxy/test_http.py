from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from console.adapters.proxy.http import FetchError, Target, fetch, target_of


@contextlib.asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[tuple[Target, list[bytes]]]:
    """A server that gives every connection these bytes and closes it; None: it never answers."""
    requests: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Target(host="127.0.0.1", port=port, path="/a?b=c"), requests
    finally:
        over.set()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.0 200 OK\n\nok until the end", 200, b"ok until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\n\r\n", 200, b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    ],
)
async def test_a_complete_answer_is_read_to_its_end(answer: bytes, status: int, body: bytes) -> None:
    async with answering(answer) as (target, requests):
        response = await fetch(target, timeout=5)
    assert (response.status, response.body) == (status, body)
    assert len(requests) == 1
    assert requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Connection: close\r\n" in requests[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    ],
)
async def test_an_answer_that_is_not_complete_http_is_broken(answer: bytes) -> None:
    async with answering(answer) as (target, _):
        with pytest.raises(FetchError, match=r"^broken: 127\.0\.0\.1:"):
            await fetch(target, timeout=5)


async def test_a_large_body_is_read_but_not_kept() -> None:
    size = 300_000
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size) as (target, _):
        assert len((await fetch(target, timeout=5)).body) == 4096


async def test_repeated_headers_are_joined() -> None:
    async with answering(b"HTTP/1.1 204 x\r\nX-A: 1\r\nx-a: 2\r\n\r\n") as (target, _):
        assert (await fetch(target, timeout=5)).headers["x-a"] == "1, 2"


async def test_no_answer_in_time_is_a_timeout() -> None:
    async with answering(None) as (target, _):
        with pytest.raises(FetchError, match=r"^timeout: no complete answer from 127\.0\.0\.1:\d+ within 0\.05 s"):
            await fetch(target, timeout=0.05)


async def test_a_port_without_a_listener_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(FetchError, match=r"^refused: nothing listens on 127\.0\.0\.1:"):
            await fetch(Target(host="127.0.0.1", port=port, path="/"), timeout=5)


async def test_a_plain_server_behind_an_https_url_is_a_tls_problem() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (target, _):

        async def close_after_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(close_after_hello, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(FetchError, match=r"^tls: "):
                await fetch(Target(host=target.host, port=port, path="/", tls=True), timeout=5)


async def test_a_name_that_does_not_exist_is_a_dns_problem() -> None:
    with pytest.raises(FetchError, match=r"^dns: "):
        await fetch(Target(host="a..b", port=80, path="/"), timeout=10)


async def test_blanks_and_control_characters_in_a_path_never_reach_the_wire_as_such() -> None:
    async with answering(b"HTTP/1.1 204 x\r\n\r\n") as (target, requests):
        await fetch(Target(host=target.host, port=target.port, path="/a b\r\nX-Evil: 1"), timeout=5)
    assert requests[0].startswith(b"GET /a%20b%0D%0AX-Evil:%201 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:8080/health", Target(host="127.0.0.1", port=8080, path="/health")),
        ("http://localhost", Target(host="localhost", port=80, path="/")),
        ("https://example.org/a?b#c", Target(host="example.org", port=443, path="/a?b", tls=True)),
        ("http://[::1]:81/", Target(host="::1", port=81, path="/")),
    ],
)
def test_a_url_is_split_into_its_target(url: str, target: Target) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize("url", ["/health", "ftp://x/", "http://", "http://x:99999/", "http://[::1"])
def test_a_url_that_is_not_absolute_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        target_of(url)


def test_the_host_header_leaves_the_default_port_out() -> None:
    assert Target(host="a", port=443, path="/", tls=True).authority == "a"
    assert Target(host="::1", port=8080, path="/").authority == "[::1]:8080"
