"""The generator between its schedule and its connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Iterator
from time import perf_counter

import pytest

from console.load.direct_loop import DirectLoop, DirectSelector
from console.load.dispatcher import Dispatcher
from console.load.generator import Generator
from console.load.starter import Starter
from console.load.target import resolve
from console.model.load import MIN_RATE, LoadConfig, Message, Snapshot

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="this system has no epoll")

BUSY = 30_000.0
"""Twice as many a second as a slow dispatcher can begin."""


class Heard:
    """A reader that takes everything at once."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def write(self, message: Message) -> None:
        self.messages.append(message)

    def congested(self) -> bool:
        return False


class Scene:
    """A generator whose requests take 60 microseconds each to begin, and are never answered nor counted."""

    def __init__(self, loop: DirectLoop, starter: Starter, url: str) -> None:
        self.loop, self._starter, self._url = loop, starter, url
        self.heard = Heard()
        self.errors: list[object] = []
        loop.set_exception_handler(lambda _, context: self.errors.append(context))

    def make(self, *, rate: float, duration: float) -> Generator:
        config = LoadConfig(url=self._url, rate=rate, duration=duration)
        generator = Generator(self.loop, config, resolve(config), self.heard, self._starter)
        generator.begin()
        return generator


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were begun from one look at the sockets to the next."""
    counts = [0]
    look = DirectSelector._look

    def counted(selector: DirectSelector, timeout: float | None) -> bool:
        counts.append(0)
        return look(selector, timeout)

    def slow(_dispatcher: Dispatcher, _due: float) -> bool:
        counts[-1] += 1
        end = perf_counter() + 60e-6
        while perf_counter() < end:
            pass
        return True

    monkeypatch.setattr(DirectSelector, "_look", counted)
    monkeypatch.setattr(Dispatcher, "begin", slow)
    return counts


@pytest.fixture
def scene() -> Iterator[Scene]:
    with (
        contextlib.closing(DirectLoop()) as loop,
        contextlib.closing(Starter(os.getpid())) as starter,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        yield Scene(loop, starter, f"http://127.0.0.1:{listener.getsockname()[1]}/")


def test_however_much_is_overdue_answers_are_looked_at_between_two_batches(scene: Scene, begun: list[int]) -> None:
    scene.loop.run_until_complete(scene.make(rate=BUSY, duration=2.5).run())
    *most, _last = [count for count in begun if count]  # what is due at the end is begun in one go
    assert len(most) > 10
    assert max(most) <= 256


def test_a_pause_with_much_overdue_is_one_and_the_next_rate_goes_on(scene: Scene, begun: list[int]) -> None:
    async def run() -> None:
        generator = scene.make(rate=BUSY, duration=60.0)
        running = asyncio.ensure_future(generator.run())
        await asyncio.sleep(0.3)
        generator.set_rate(0.0)  # while it catches up, more than one batch falls due
        async with asyncio.timeout(20):
            before = -1
            while sum(begun) != before:  # what was due before it is still begun
                before = sum(begun)
                await asyncio.sleep(0.3)
        generator.set_rate(100.0)
        await asyncio.sleep(1.5)
        generator.stop()
        await running
        assert sum(begun) >= before + 20

    scene.loop.run_until_complete(run())
    assert scene.errors == []
    assert [one.target_rate for one in scene.heard.messages if isinstance(one, Snapshot)][-1] == 100.0


@pytest.mark.usefixtures("begun")
def test_a_rate_too_low_for_any_timer_becomes_the_lowest_that_there_is(scene: Scene) -> None:
    generator = scene.make(rate=20.0, duration=0.2)
    generator.set_rate(1e-20)
    assert scene.loop.run_until_complete(generator.run()).target_rate == MIN_RATE
