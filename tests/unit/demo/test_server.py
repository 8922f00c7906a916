"""The app in this process, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from console.demo.app import connection, server
from console.demo.app.settings import Fault, Settings
from tests.support.wire import WireError
from tests.unit.demo.running import connected, request, served, until

LOCAL = {"host": "127.0.0.1", "port": 0, "color": "green", "version": "v42", "replica": "r1"}


def local(**changes: object) -> Settings:
    return Settings(**{**LOCAL, **changes})  # type: ignore[arg-type]


def peers(running: server.Server) -> tuple[connection.Connection, ...]:
    return tuple(running._peers._open)  # type: ignore[arg-type]


async def test_the_root_says_who_answers() -> None:
    async with served(local()) as (_, port), connected(port) as wire:
        answer = await wire.exchange(request("/"))
    assert answer.status == 200
    assert json.loads(answer.body) == {"version": "v42", "color": "green", "replica": "r1"}
    assert (answer.headers["x-rollout-release"], answer.headers["x-rollout-color"]) == ("v42", "green")
    assert answer.reusable


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/health", "GET", 200),
        ("/ready", "GET", 200),
        ("/slow?s=0", "GET", 200),
        ("/nowhere", "GET", 404),
        ("/echo", "GET", 405),
        ("/", "POST", 405),
    ],
)
async def test_each_path_answers_what_it_should_and_names_its_release(path: str, method: str, status: int) -> None:
    async with served(local()) as (_, port), connected(port) as wire:
        answer = await wire.exchange(request(path, method))
    assert answer.status == status
    assert answer.headers["x-rollout-release"] == "v42"


async def test_a_connection_serves_many_requests_and_large_bodies_come_back_whole() -> None:
    body = bytes(range(256)) * 8192
    async with served(local()) as (_, port), connected(port) as wire:
        for _ in range(3):
            assert (await wire.exchange(request("/echo", "POST", body))).body == body


async def test_a_head_request_gets_the_length_and_no_body() -> None:
    async with served(local()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("/", "HEAD", headers="Connection: close\r\n"))
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.endswith(b"Connection: close\r\n\r\n")
    assert b"Content-Length: 54\r\n" in answer


async def test_an_answer_leaves_in_one_write() -> None:
    async with served(local()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("/"))
        await writer.drain()
        # One read of the socket brings head and body: had they been written apart, the first would end between them.
        first = await asyncio.wait_for(reader.read(65536), 5)
        writer.close()
        await writer.wait_closed()
    head, _, body = first.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(body)["version"] == "v42"


async def test_pipelined_requests_are_answered_in_order_also_behind_a_slow_one() -> None:
    async with served(local()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        last = request("/echo", "POST", b"last", headers="Connection: close\r\n")
        writer.write(request("/slow?s=0.05") + request("/echo", "POST", b"next") + last)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.index(b'"seconds"') < answer.index(b"next") < answer.index(b"last")


async def test_a_client_that_sends_much_and_reads_nothing_does_not_make_the_app_grow() -> None:
    async with served(local()) as (running, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b"x" * 500_000
        writer.write(request("/echo", "POST", body) * 40)
        for _ in range(50):
            await asyncio.sleep(0)
        (held,) = peers(running)
        assert held._parser.pending <= connection.MOST_PIPELINED + 2 * len(body)
        writer.transport.abort()


async def test_a_client_that_closes_its_side_at_once_still_gets_its_answer() -> None:
    async with served(local()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("/"))
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_a_malformed_request_is_refused_and_the_connection_ends() -> None:
    async with served(local()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"nonsense\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"Connection: close" in answer


async def test_a_stream_comes_in_parts_and_keeps_the_connection() -> None:
    async with served(local()) as (_, port), connected(port) as wire:
        answer = await wire.exchange(request("/stream?n=3&every=0"))
        assert answer.body == b"1 v42 green\n2 v42 green\n3 v42 green\n"
        assert answer.headers["x-accel-buffering"] == "no"
        assert (await wire.exchange(request("/"))).status == 200


async def test_a_stream_of_nothing_is_a_complete_answer() -> None:
    async with served(local()) as (_, port), connected(port) as wire:
        assert (await wire.exchange(request("/stream?n=0"))).body == b""


async def test_an_http_1_0_client_gets_a_stream_without_chunks() -> None:
    async with served(local()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /stream?n=2&every=0 HTTP/1.0\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.endswith(b"\r\n\r\n1 v42 green\n2 v42 green\n")


async def test_a_client_that_leaves_a_stream_leaves_nothing_in_flight() -> None:
    async with served(local()) as (running, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("/events?every=0.005"))
        assert b"event: tick" in await asyncio.wait_for(reader.readuntil(b"event: tick"), 5)
        assert running.lifecycle.in_flight == 1
        writer.transport.abort()
        await until(lambda: running.lifecycle.in_flight == 0)


async def test_nobody_waits_for_an_answer_whose_client_has_left() -> None:
    async with served(local()) as (running, port):
        async with connected(port) as wire:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wire.exchange(request("/slow?s=60")), 0.1)
        assert await asyncio.wait_for(running.stop(), 10) == 0


@pytest.mark.parametrize("sent", [request("/ready", headers="Connection: close\r\n"), b"nonsense\r\n\r\n"])
async def test_a_client_that_left_before_its_last_answer_leaves_nothing_in_flight(sent: bytes) -> None:
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    async with served(local()) as (running, port):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(sent)
        await until(lambda: bool(peers(running)))
        await until(lambda: not peers(running))
        assert running.lifecycle.in_flight == 0
        assert await asyncio.wait_for(running.stop(), 10) == 0
    assert not errors


async def test_a_warm_up_answers_503_on_ready_alone() -> None:
    async with served(local(warmup=60.0)) as (_, port), connected(port) as wire:
        ready = await wire.exchange(request("/ready"))
        assert (ready.status, json.loads(ready.body)) == (503, {"status": "warming up"})
        assert (await wire.exchange(request("/health"))).status == 200


async def test_the_fault_error_500_passes_the_health_check_and_fails_the_users() -> None:
    async with served(local(fault=Fault.ERROR_500)) as (_, port), connected(port) as wire:
        statuses = [(await wire.exchange(request(path))).status for path in ("/", "/health", "/slow", "/ready")]
    assert statuses == [500, 500, 500, 200]


async def test_the_fault_slow_delays_every_answer_but_that_of_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.demo.app.routes.SLOW_FAULT_SECONDS", 60.0)
    async with served(local(fault=Fault.SLOW)) as (_, port):
        async with connected(port) as wire:
            assert (await wire.exchange(request("/ready"))).status == 200
        async with connected(port) as wire:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wire.exchange(request("/")), 0.1)


async def test_the_fault_never_ready_keeps_answering_users() -> None:
    async with served(local(fault=Fault.NEVER_READY)) as (_, port), connected(port) as wire:
        assert (await wire.exchange(request("/ready"))).status == 503
        assert (await wire.exchange(request("/"))).status == 200


async def test_a_stop_finishes_what_is_in_flight_and_answers_newcomers_until_then() -> None:
    async with served(local()) as (running, port), connected(port) as busy, connected(port) as other:
        await other.exchange(request("/"))
        slow = asyncio.create_task(busy.exchange(request("/slow?s=0.4")))
        await until(lambda: running.lifecycle.in_flight > 0)
        stop = asyncio.create_task(running.stop())
        await asyncio.sleep(0)
        ready = await other.exchange(request("/ready"))
        async with connected(port) as fresh:
            newcomer = await fresh.exchange(request("/"))
        answer = await slow
        assert await asyncio.wait_for(stop, 10) == 0
    assert (ready.status, ready.reusable) == (503, False)
    assert (newcomer.status, newcomer.reusable) == (200, False)
    assert (answer.status, answer.reusable) == (200, False)


@pytest.mark.parametrize("kept", [True, False], ids=["kept-alive", "fresh"])
async def test_a_stop_never_closes_on_a_request_that_has_arrived(
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(server, "QUIET", 0.0)
    for _ in range(30):
        async with served(local()) as (running, port):
            with socket.create_connection(("127.0.0.1", port)) as client:
                if kept:
                    await asyncio.to_thread(round_trip, client)
                # In the kernel when the stop begins, and not seen by the app yet.
                client.sendall(request("/"))
                assert await asyncio.wait_for(asyncio.gather(running.stop(), receive(client)), 10) == [0, 200]


def round_trip(client: socket.socket) -> None:
    client.sendall(request("/"))
    client.recv(65536)


async def receive(client: socket.socket) -> int:
    """The status of the next answer, after which the client closes."""

    def read() -> int:
        answer = client.recv(65536)
        client.close()
        return int(answer.split()[1])

    return await asyncio.to_thread(read)


async def test_a_drained_replica_that_nobody_uses_stops_at_once() -> None:
    async with served(local()) as (running, port):
        async with connected(port) as wire:
            await wire.exchange(request("/ready"))
        begin = asyncio.get_running_loop().time()
        assert await running.stop() == 0
        assert asyncio.get_running_loop().time() - begin < server.QUIET


async def test_a_stop_is_bounded_and_tells_how_many_requests_it_cut() -> None:
    async with served(local(drain=0.2)) as (running, port), connected(port) as wire:
        slow = asyncio.create_task(wire.exchange(request("/slow?s=60")))
        await until(lambda: running.lifecycle.in_flight > 0)
        assert await asyncio.wait_for(running.stop(), 10) == 1
        with pytest.raises(WireError):
            await slow


async def test_an_event_stream_ends_by_itself_when_the_app_drains() -> None:
    async with served(local()) as (running, port), connected(port) as wire:
        events = asyncio.create_task(wire.exchange(request("/events?every=60")))
        await until(lambda: running.lifecycle.in_flight > 0)
        assert await asyncio.wait_for(running.stop(), 10) == 0
        assert (await events).body.endswith(b"event: drain\ndata: {}\n\n")


async def test_a_silent_connection_is_closed_gently_and_half_a_request_gets_a_408() -> None:
    async with served(local()) as (running, port):
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        half_reader, half_writer = await asyncio.open_connection("127.0.0.1", port)
        half_writer.write(b"GET / HTTP/1.1\r\n")
        await until(lambda: any(held._parser.pending for held in peers(running)))
        for held in peers(running):
            held._touched -= connection.LONGEST_IDLE + 1
            held.expire()
        assert await asyncio.wait_for(idle_reader.read(), 5) == b""
        assert (await asyncio.wait_for(half_reader.read(), 5)).startswith(b"HTTP/1.1 408 ")
        for writer in (idle_writer, half_writer):
            writer.close()
            await writer.wait_closed()
