"""Timers: on the generator's loop and on asyncio's own, by the kernel and by the loop."""

from __future__ import annotations

import asyncio
import contextlib
import select
import sys
from collections.abc import Callable, Iterator
from math import inf
from time import monotonic

import pytest

from console.load.direct_loop import DirectLoop
from console.load.ticker import KernelTicker, LoopTicker, Ticker

Make = Callable[[asyncio.AbstractEventLoop, Callable[[], None]], Ticker]

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if hasattr(select, "epoll"):
    LOOPS["direct"] = DirectLoop
TICKERS: dict[str, Make] = {"loop": LoopTicker}
if sys.platform == "linux":
    TICKERS["kernel"] = KernelTicker


class Bench:
    """A timer on a loop, and when it went off."""

    def __init__(self, loop: asyncio.AbstractEventLoop, make: Make) -> None:
        self.loop = loop
        self.times: list[float] = []
        self.ticker = make(loop, lambda: self.times.append(monotonic()))

    def go(self, seconds: float) -> list[float]:
        """Let so much time pass; when it went off in it."""
        self.times.clear()
        self.loop.run_until_complete(asyncio.sleep(seconds))
        return list(self.times)


@pytest.fixture(params=[(loop, ticker) for loop in LOOPS for ticker in TICKERS], ids="-".join)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    loop_name, ticker_name = request.param
    with contextlib.closing(LOOPS[loop_name]()) as loop:
        made = Bench(loop, TICKERS[ticker_name])
        yield made
        made.ticker.close()
        made.ticker.close()


def test_it_goes_off_once_and_never_early(bench: Bench) -> None:
    when = monotonic() + 0.03
    bench.ticker.arm(when)
    (went_off,) = bench.go(0.2)
    assert went_off >= when - 0.002  # asyncio's own timers may be early by their clock's resolution


def test_a_time_that_has_passed_is_now(bench: Bench) -> None:
    bench.ticker.arm(monotonic() - 1)
    assert len(bench.go(0.1)) == 1
    bench.ticker.arm(0.0)
    assert len(bench.go(0.1)) == 1


def test_it_goes_off_at_equal_intervals_until_told_otherwise(bench: Bench) -> None:
    first = monotonic() + 0.02
    bench.ticker.arm(first, every=0.01)
    times = bench.go(0.3)
    bench.ticker.arm(inf)
    assert len(times) >= 3
    assert times[0] >= first - 0.002
    assert len(times) <= (times[-1] - first) / 0.01 + 1.5  # none comes before its turn, counted from the first
    assert bench.go(0.05) == []


def test_a_new_time_replaces_the_last_also_when_that_has_come(bench: Bench) -> None:
    bench.ticker.arm(monotonic() - 1, every=0.01)
    bench.ticker.arm(monotonic() + 60)
    assert bench.go(0.05) == []


def test_what_was_missed_is_not_made_up_for(bench: Bench) -> None:
    bench.ticker.arm(monotonic() - 5, every=0.1)
    assert 1 <= len(bench.go(0.25)) <= 6


def test_a_closed_one_never_goes_off(bench: Bench) -> None:
    bench.ticker.arm(monotonic() + 0.01, every=0.01)
    bench.ticker.close()
    assert bench.go(0.05) == []
