"""The generator's event loop: callbacks straight from the poll, beside everything that asyncio does."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import threading
from collections.abc import Iterator

import pytest

from console.load.direct_loop import DirectLoop, reading

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll")


@pytest.fixture
def loop() -> Iterator[DirectLoop]:
    with contextlib.closing(DirectLoop()) as made:
        yield made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_a_task_goes_on_once_a_direct_callback_gives_it_what_it_waits_for(
    loop: DirectLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair

    async def first_bytes() -> bytes:
        found = loop.create_future()
        loop.direct.watch(here.fileno(), lambda: found.done() or found.set_result(here.recv(100)))
        there.send(b"hello")
        async with asyncio.timeout(5):
            return await found

    assert loop.run_until_complete(first_bytes()) == b"hello"


def test_timers_and_other_threads_are_heard_while_direct_callbacks_never_stop(
    loop: DirectLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1  # nothing is read, so that it is called again at once

    async def hear() -> None:
        loop.direct.watch(here.fileno(), call)
        there.send(b"x")
        async with asyncio.timeout(5):
            await asyncio.sleep(0.02)
            heard = asyncio.Event()
            threading.Timer(0.02, loop.call_soon_threadsafe, (heard.set,)).start()
            await heard.wait()
            assert await asyncio.to_thread(lambda: 7) == 7

    loop.run_until_complete(hear())
    assert calls > 10


def test_what_is_forgotten_or_closed_by_the_callback_before_is_not_called(loop: DirectLoop) -> None:
    called: list[str] = []
    pairs = {name: socket.socketpair() for name in ("one", "other")}

    def call(name: str) -> None:
        called.append(name)
        for here, _ in pairs.values():
            loop.direct.forget(here.fileno())
            here.close()

    async def both() -> None:
        for name, (here, there) in pairs.items():
            there.send(b"x")
            loop.direct.watch(here.fileno(), lambda name=name: call(name))
        await asyncio.sleep(0.02)

    try:
        loop.run_until_complete(both())
    finally:
        for _, there in pairs.values():
            there.close()
    assert len(called) == 1


def test_what_is_watched_anew_has_the_new_callback_only(
    loop: DirectLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    called: list[str] = []

    async def replaced() -> None:
        loop.direct.watch(here.fileno(), lambda: called.append("old"))
        loop.direct.watch(here.fileno(), lambda: called.append(here.recv(1).decode()))
        there.send(b"n")
        await asyncio.sleep(0.02)
        assert loop.direct.forget(here.fileno())
        assert not loop.direct.forget(here.fileno())
        there.send(b"m")
        await asyncio.sleep(0.02)

    loop.run_until_complete(replaced())
    assert called == ["n"]


def test_an_error_in_a_direct_callback_ends_the_loop(
    loop: DirectLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    here, there = pair
    loop.direct.watch(here.fileno(), {}.popitem)
    there.send(b"x")
    with pytest.raises(KeyError):
        loop.run_forever()


async def test_any_other_loop_calls_back_in_its_own_way(pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    watch, forget = reading(asyncio.get_running_loop())
    heard = asyncio.Event()
    watch(here.fileno(), heard.set)
    there.send(b"x")
    async with asyncio.timeout(5):
        await heard.wait()
    assert forget(here.fileno())


@pytest.mark.timeout(60)
def test_a_look_ends_and_misses_none_where_more_than_one_batch_can_always_be_read(loop: DirectLoop) -> None:
    heard: set[int] = set()
    with contextlib.ExitStack() as kept:
        for number in range(300):
            here, there = socket.socketpair()
            kept.enter_context(here)
            kept.enter_context(there)
            there.send(b"x")  # nothing is read, so that it stays there
            loop.direct.watch(here.fileno(), lambda number=number: heard.add(number))
        loop.direct.look()
    assert heard == set(range(300))
