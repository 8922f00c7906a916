"""The supervisor: numbers by phase, and no data told as no data."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from functools import partial

import pytest

from console.adapters.load import LoadSupervisor
from console.model.errors import UsageError
from console.model.load import LoadConfig
from tests.load.fault_server import Fault, FaultServer
from tests.load.runs import check_books, stopped, under_way, until
from tests.support.processes import alive


async def test_requests_belong_to_the_phase_that_they_were_due_in() -> None:
    with FaultServer() as server:
        async with LoadSupervisor(LoadConfig(url=server.url, rate=400.0, phase="prepare")) as load:
            await until(lambda: load.counts().due >= 40)
            began = time.monotonic()
            await load.phase("watch")
            before, entered = load.counts_in("watch").due, time.monotonic()
            await asyncio.sleep(0.3)
            leaving = time.monotonic()
            await load.phase("drain")
            left = time.monotonic()
            await asyncio.sleep(0.3)
            summary = await load.stop()
    assert summary is not None
    check_books(summary)
    assert [phase.phase for phase in summary.phases] == ["prepare", "watch", "drain"]
    assert before <= 400 * (entered - began) + 40
    assert 400 * (leaving - entered) - 40 <= load.counts_in("watch").due <= 400 * (left - began) + 40
    assert load.counts_in("watch").due == load.counts_in("watch").done
    assert sum(load.counts_in(phase).due for phase in ("prepare", "watch", "drain")) == load.counts().due


async def test_the_first_snapshot_after_a_confirmed_stamp_has_told_of_all_that_was_due_before() -> None:
    told = []
    with FaultServer() as server:
        async with LoadSupervisor(LoadConfig(url=server.url, rate=400.0, phase="0")) as load:
            for phase in range(5):  # whenever between two snapshots it comes
                await asyncio.sleep(0.13)
                stamped = await load.phase(f"{phase + 1}")
                assert stamped is not None
                await until(partial(_newer, load, stamped))
                told.append(load.counts_in(f"{phase}").due)
            summary = await load.stop()
    assert summary is not None
    assert [phase.due for phase in summary.phases[:5]] == told


def _newer(load: LoadSupervisor, number: int) -> bool:
    return load.counts().snapshot > number


async def test_a_stamp_that_nobody_hears_is_not_confirmed() -> None:
    with FaultServer() as server:
        async with under_way(server.url) as (load, pid):
            with stopped(pid):
                assert await load.phase("watch") is None
            assert await load.phase("watch") is not None


async def test_the_rate_changes_while_it_runs_and_zero_pauses() -> None:
    with FaultServer() as server:
        async with under_way(server.url, due=20) as (load, _):
            await load.rate(0)
            paused = -1
            async with asyncio.timeout(40):
                while paused != (paused := load.counts().due):  # noqa: ASYNC110 - nobody announces it
                    await asyncio.sleep(0.4)  # at the old rate forty more
            await asyncio.sleep(0.4)
            assert load.counts().due == paused
            assert load.counts().alive
            await load.rate(1000)
            await until(lambda: load.counts().due - paused > 200)
            summary = await load.stop()
    assert summary is not None
    assert summary.target_rate == 1000


async def test_what_is_in_flight_at_the_stop_is_waited_for_and_counted() -> None:
    with FaultServer(lambda number: Fault.NEVER if number == 50 else Fault.TRICKLE if number == 51 else None) as server:
        async with under_way(server.url, due=60, rate=200.0, timeout=3.0) as (load, _):
            summary = await load.stop()
    assert summary is not None
    check_books(summary)
    assert summary.totals.dropped == 2


@pytest.mark.parametrize("told", [True, False], ids=["told to", "SIGTERM"])
async def test_who_ended_the_load_is_known_while_answers_are_still_waited_for(told: bool) -> None:  # noqa: FBT001 - a parameter
    with FaultServer(lambda number: Fault.NEVER if number == 20 else None) as server:
        async with under_way(server.url, due=40, rate=100.0, timeout=5.0) as (load, pid):
            assert load.counts().ended == ""
            stopping = asyncio.ensure_future(load.stop()) if told else None
            if not told:
                os.kill(pid, signal.SIGTERM)
            await until(lambda: load.counts().ended != "")
            before = (load.summary, load.counts())
            await (stopping or load.stop())
            after = load.counts()
    who = "it was told to stop" if told else "somebody ended the generator (SIGTERM)"
    assert before[0] is None
    assert (before[1].alive, before[1].ended) == (True, who)
    assert (after.alive, after.ended, after.problem) == (False, who, f"the load ended: {who}")


async def test_a_generator_that_died_is_no_data_with_its_reason() -> None:
    with FaultServer() as server:
        async with under_way(server.url) as (load, pid):
            os.kill(pid, signal.SIGKILL)
            assert await load.wait() is None
            counts = load.counts()
            assert not counts.alive
            assert "killed by signal 9" in counts.problem
            assert counts.due >= 10
            assert await load.phase("goes nowhere") is None
            await load.rate(5)
            assert [one async for one in load.snapshots()] == []
            assert await load.stop() is None


async def test_a_generator_that_stalls_is_no_data_until_it_speaks_again() -> None:
    with FaultServer() as server:
        async with under_way(server.url) as (load, pid):
            with stopped(pid):
                await until(lambda: not load.counts().alive)
                assert "has said nothing" in load.counts().problem
            await until(lambda: load.counts().alive)


async def test_a_stalled_generator_that_is_told_to_stop_gets_a_short_grace_and_its_end_is_told_as_it_was() -> None:
    with FaultServer() as server:
        async with under_way(server.url, timeout=60.0) as (load, pid):
            os.kill(pid, signal.SIGSTOP)
            async with asyncio.timeout(20):  # an answer and its retry could have taken two minutes
                assert await load.stop() is None
            problem = load.counts().problem
            assert not alive(pid)
    assert "it stalled" in problem
    assert "has said nothing for" in problem
    assert "killed" not in problem


async def test_a_generator_that_only_waits_for_answers_is_not_taken_for_stalled() -> None:
    with FaultServer(lambda number: Fault.NEVER if number > 10 else None) as server:
        async with under_way(server.url, due=30, timeout=4.0) as (load, _):
            summary = await load.stop()
    assert summary is not None
    assert summary.totals.dropped >= 20


async def test_a_generator_that_is_ended_at_once_did_not_die() -> None:
    with FaultServer() as server:
        async with under_way(server.url) as (load, _):
            await load.close()
            assert "ended at once" in load.counts().problem


async def test_a_run_that_ended_says_so_and_keeps_its_numbers() -> None:
    with FaultServer() as server:
        async with LoadSupervisor(LoadConfig(url=server.url, rate=100.0, duration=0.3)) as load:
            assert await load.wait() is not None
            counts = load.counts()
    assert (counts.due, counts.done, counts.alive) == (30, 30, False)
    assert (counts.ended, counts.problem) == ("its time was over", "the load ended: its time was over")


async def test_a_refused_configuration_is_the_users_mistake_and_nothing_was_sent() -> None:
    with pytest.raises(UsageError, match="--allow-remote") as caught:
        await LoadSupervisor(LoadConfig(url="http://192.0.2.1/", rate=10.0)).start()
    assert caught.value.now == "nothing was sent"


async def test_what_is_checked_before_the_start_may_forbid_it() -> None:
    def forbid() -> None:
        raise UsageError("aim the load", "it is not ours")

    with FaultServer() as server:
        load = LoadSupervisor(LoadConfig(url=server.url, rate=100.0), check=forbid)
        with pytest.raises(UsageError, match="not ours"):
            await load.start()
        await load.close()
        assert load.pid is None
        assert server.books.requests == 0


async def test_leaving_the_block_ends_the_generator_whatever_happens_in_it() -> None:
    with FaultServer() as server:
        load = LoadSupervisor(LoadConfig(url=server.url, rate=100.0))
        pids = []

        async def fail() -> None:
            async with load:
                pids.append(load.pid)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        (pid,) = pids
        assert pid is not None
        await until(lambda: not alive(pid))


async def test_cancelling_the_start_leaves_no_generator_behind() -> None:
    with FaultServer() as server:
        load = LoadSupervisor(LoadConfig(url=server.url, rate=100.0))
        starting = asyncio.ensure_future(load.start())
        await until(lambda: load.pid is not None)
        pid = load.pid
        assert pid is not None
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await until(lambda: not alive(pid))


async def test_every_reader_gets_every_snapshot_and_the_stream_ends_with_the_run() -> None:
    with FaultServer() as server:
        async with LoadSupervisor(LoadConfig(url=server.url, rate=200.0, duration=0.5)) as load:

            async def due() -> int:
                return sum([sum(phase.due for phase in one.phases) async for one in load.snapshots()])

            assert await asyncio.gather(due(), due()) == [100, 100]


async def test_a_reader_from_before_the_start_misses_nothing_however_late_the_start_is_noticed() -> None:
    with FaultServer() as server:
        load = LoadSupervisor(LoadConfig(url=server.url, rate=100.0, duration=1.0))
        coming = load.snapshots()
        try:
            starting = asyncio.ensure_future(load.start())
            await until(lambda: load.pid is not None)
            await asyncio.sleep(0.05)
            wait_for_requests(server, 50)
            await starting
            numbers = [one.sequence async for one in coming]
        finally:
            await load.close()
    assert load.summary is not None
    assert numbers == list(range(1, load.summary.snapshots + 1))


def wait_for_requests(server: FaultServer, count: int) -> None:
    """Hold everything else up until the load is well under way."""
    end = time.monotonic() + 40
    while server.books.requests < count:
        assert time.monotonic() < end, f"only {server.books.requests} of {count} requests came"
        time.sleep(0.02)
