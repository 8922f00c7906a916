"""The loop's clock of a session: it stands still while the process does."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from console.adapters.awake import BEAT, HELD_UP, AwakeTime, keep_awake_time
from console.adapters.clock import SystemClock
from console.adapters.runtime.container_exec import _read


class Real:
    """The clock underneath."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def test_time_that_is_looked_at_counts_in_full() -> None:
    real = Real()
    awake = AwakeTime(real)
    began = awake()
    for _ in range(400):
        real.passes(BEAT)
        awake()
    assert awake() - began == pytest.approx(400 * BEAT)


@pytest.mark.parametrize("stop", [HELD_UP + 0.01, 25.0, 86_400.0])
def test_a_stop_counts_as_one_beat_however_long_it_was(stop: float) -> None:
    real = Real()
    awake = AwakeTime(real)
    began = awake()
    real.passes(stop)
    assert awake() - began == pytest.approx(BEAT)
    real.passes(0.1)
    assert awake() - began == pytest.approx(BEAT + 0.1)


def test_a_process_that_is_held_up_at_every_turn_comes_to_its_deadlines_all_the_same() -> None:
    real = Real()
    awake = AwakeTime(real)
    began = awake()
    for _ in range(40):
        real.passes(3.0)
        awake()
    assert awake() - began == pytest.approx(40 * BEAT)


async def test_a_wait_does_not_run_out_while_the_process_is_held_up() -> None:
    loop = asyncio.get_running_loop()
    keep_awake_time(loop)
    answered = asyncio.Event()
    loop.call_soon(time.sleep, 2.0)
    loop.call_later(0.01, answered.set)
    async with asyncio.timeout(1.0):
        await answered.wait()


async def test_a_wait_ends_by_its_deadline_while_the_process_is_awake() -> None:
    keep_awake_time(asyncio.get_running_loop())
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await asyncio.Event().wait()
    assert time.monotonic() - began >= 0.99


async def test_a_loop_with_nothing_to_do_is_awake() -> None:
    loop, clock = asyncio.get_running_loop(), SystemClock()
    keep_awake_time(loop)
    began = clock.awake()
    await asyncio.to_thread(time.sleep, 4 * HELD_UP)
    assert clock.awake() - began > HELD_UP, "no wait of its own woke it, and yet it is no stop"


async def test_a_loop_keeps_one_time_however_often_it_is_asked_to() -> None:
    loop = asyncio.get_running_loop()
    keep_awake_time(loop)
    first = loop.time
    keep_awake_time(loop)
    assert loop.time is first


def test_a_loop_that_has_a_clock_of_its_own_is_left_alone() -> None:
    class Foreign(asyncio.AbstractEventLoop):
        __slots__ = ()

        def time(self) -> float:
            return 7.0

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    loop = Foreign()
    keep_awake_time(loop)
    assert loop.time() == 7.0


def test_the_output_of_an_exec_that_came_while_the_process_was_held_up_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    real = time.monotonic
    stopped = threading.Event()
    # The stop comes with the first look, and an hour of it passes on the machine's clock.
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3600.0 * stopped.is_set())
    with ours, theirs:
        threading.Timer(0.2, lambda: (stopped.set(), theirs.sendall(bytes(7) + b"\x02ok"), theirs.close())).start()
        assert _read(ours, 30.0) == (b"ok", True)
