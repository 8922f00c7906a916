"""The generator's process: a slow reader loses nothing, a parent that is gone ends it, limits are its own fault."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from console.load.template import MOST_BODY
from console.model.load import (
    LoadConfig,
    NotSent,
    PhaseStamped,
    Refused,
    SetPhase,
    Snapshot,
    Started,
    Stop,
    Summary,
)
from console.model.load_totals import LoadSum
from console.model.load_wire import encode
from tests.load.fault_server import OK, FaultServer
from tests.load.raw import ROOT, RawLoad
from tests.load.runs import check_books
from tests.support.processes import alive

BLOCKED = 12.0 if os.environ.get("ROLLOUT_LOAD_FULL") else 2.0
"""Seconds that a reader does not read."""


def until(condition: Callable[[], bool], *, within: float = 40.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


@pytest.mark.parametrize("interval", [0.1, 0.004], ids=["ten a second", "more than are kept"])
def test_a_reader_that_is_blocked_loses_nothing(interval: float) -> None:
    with FaultServer() as server:
        config = LoadConfig(url=server.url, rate=300.0, duration=BLOCKED, interval=interval)
        with RawLoad(config, pipe_size=4096) as load:
            assert isinstance(load.next(), Started)
            time.sleep(BLOCKED)
            messages = load.rest()
    total = LoadSum()
    *snapshots, summary = messages
    for snapshot in snapshots:
        assert isinstance(snapshot, Snapshot)
        total.add(snapshot)
    assert isinstance(summary, Summary)
    check_books(summary)
    assert [one.sequence for one in snapshots if isinstance(one, Snapshot)] == list(range(1, len(snapshots) + 1))
    assert (total.totals, total.groups, total.phases, total.lag) == (
        summary.totals,
        summary.groups,
        summary.phases,
        summary.lag,
    )
    assert summary.totals.ok == server.books.answers == 300 * BLOCKED


def test_a_generator_that_was_suspended_for_longer_than_it_waits_for_its_reader_loses_nothing() -> None:
    settings = "load._LOOK, load._BEHIND = 0.5, 10"
    program = f"import console.load.__main__ as load; {settings}; raise SystemExit(load.main())"
    with FaultServer() as server:
        config = LoadConfig(url=server.url, rate=100.0, duration=1.0, interval=0.02)
        with RawLoad(config, pipe_size=4096, program=("-c", program)) as load:
            assert isinstance(load.next(), Started)
            time.sleep(2.0)
            load.process.send_signal(signal.SIGSTOP)
            time.sleep(6.0)
            load.process.send_signal(signal.SIGCONT)
            time.sleep(0.2)  # it goes on before somebody reads
            *_, summary = load.rest()
            assert isinstance(summary, Summary)
            assert load.process.wait(40) == 0


def test_a_killed_parent_ends_the_generator() -> None:
    program = """
import asyncio, sys
from console.adapters.load import LoadSupervisor
from console.model.load import LoadConfig

async def main():
    async with LoadSupervisor(LoadConfig(url=sys.argv[1], rate=50.0)) as load:
        print(load.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""
    with FaultServer() as server:
        parent = subprocess.Popen(
            [sys.executable, "-c", program, server.url],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        try:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            assert alive(child)
        finally:
            parent.kill()
            parent.communicate()
        until(lambda: not alive(child))


def test_a_reader_that_went_away_ends_the_generator() -> None:
    with FaultServer() as server, RawLoad(LoadConfig(url=server.url, rate=100.0)) as load:
        assert isinstance(load.next(), Started)
        assert load.process.stdout is not None
        load.process.stdout.close()
        assert load.process.wait(40) == 1
        load.process.stdout = None


def test_a_terminate_signal_ends_the_schedule_and_gives_the_summary() -> None:
    with FaultServer() as server, RawLoad(LoadConfig(url=server.url, rate=100.0)) as load:
        assert isinstance(load.next(), Started)
        load.next()
        load.process.send_signal(signal.SIGTERM)
        *_, summary = load.rest()
        assert isinstance(summary, Summary)
        assert summary.totals.due == summary.totals.ok == server.books.answers
        assert load.process.wait(40) == 0


def test_what_lacks_a_descriptor_is_not_sent_and_not_blamed_on_the_target() -> None:
    with FaultServer() as server:
        config = LoadConfig(url=server.url, rate=200.0, duration=0.5, connections=60, timeout=2.0)
        with RawLoad(config, prefix=["prlimit", "--nofile=24:24"]) as load:
            *_, summary = load.rest()
    assert isinstance(summary, Summary)
    check_books(summary)
    assert summary.totals.dropped == 0
    assert {reason for phase in summary.phases for reason in phase.not_sent} == {NotSent.DESCRIPTORS}
    assert summary.totals.not_sent > 0
    assert not summary.valid


def test_what_was_due_while_it_was_suspended_is_not_sent_in_a_flood() -> None:
    with FaultServer() as server, RawLoad(LoadConfig(url=server.url, rate=200.0)) as load:
        assert isinstance(load.next(), Started)
        load.next()
        began = time.monotonic()
        load.process.send_signal(signal.SIGSTOP)
        time.sleep(1.8)
        load.process.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        load.command(Stop())
        took = time.monotonic() - began
        *_, summary = load.rest()
    assert isinstance(summary, Summary)
    check_books(summary)
    (phase,) = summary.phases
    assert set(phase.not_sent) == {NotSent.LAG}
    assert 80 <= phase.not_sent[NotSent.LAG] <= 200.0 * (took - 1.0) + 40, "what was late by less than a second is sent"
    assert summary.lag.maximum is not None
    assert summary.lag.maximum > 0.9


def test_commands_before_the_first_request_are_obeyed() -> None:
    with FaultServer() as server:
        config = LoadConfig(url=server.url, rate=100.0, duration=0.3, phase="never")
        with RawLoad(config, first=(SetPhase(phase="from the start"),)) as load:
            messages = load.rest()
    assert any(isinstance(one, PhaseStamped) for one in messages)
    summary = messages[-1]
    assert isinstance(summary, Summary)
    assert {phase.phase: phase.due for phase in summary.phases} == {"from the start": 30}


def test_the_longest_body_is_taken_over_without_looking_through_it_again_and_again() -> None:
    used = [cpu_until_started(b"x" * length) for length in (1_048_576, MOST_BODY)]
    assert used[1] < 8 * used[0] + 0.2, used


def cpu_until_started(body: bytes) -> float:
    """Seconds of processor time that the generator needs to begin."""
    with RawLoad(LoadConfig(url="http://127.0.0.1:9/", rate=0.0, duration=10.0, method="POST", body=body)) as load:
        assert isinstance(load.next(), Started)
        ticks = Path(f"/proc/{load.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://192.0.2.7/"},
        {"url": "http://no-such-host.invalid/"},
        {"url": "gopher://127.0.0.1/"},
        {"method": "NO WAY"},
        {"release_from": "entrails"},
        {"rate": 1e9},
        {"rate": float("nan")},
        {"interval": 0.0},
        {"timeout": -1.0},
        {"connections": 0},
        {"fresh_share": 1.5},
        {"url": "https://127.0.0.1/", "ca_file": "/nowhere.pem"},
    ],
    ids=str,
)
def test_what_it_cant_do_is_refused_with_a_reason_before_anything_is_sent(settings: dict[str, object]) -> None:
    config = LoadConfig(**{"url": "http://127.0.0.1:9/", "rate": 10.0, **settings})  # type: ignore[arg-type]
    with RawLoad(config) as load:
        (message,) = load.rest()
        assert isinstance(message, Refused)
        assert message.problem
        assert load.process.wait(40) == 78


@pytest.mark.parametrize("line", [b"rubbish\n", b"{}\n", encode(Stop())])
def test_a_first_line_that_is_no_configuration_is_refused(line: bytes) -> None:
    process = subprocess.run(
        [sys.executable, "-P", "-m", "console.load"],
        input=line + b" " * 10,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert process.returncode in {1, 78}
    assert b"Traceback" not in process.stderr


@contextlib.contextmanager
def answering_after(delay: float, *, thawed: threading.Event | None = None) -> Iterator[str]:
    """A server that takes so long for each answer, and answers nothing while it is frozen; yields its URL."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(delay)
                while thawed is not None and not thawed.is_set():  # noqa: ASYNC110 - it is another thread that sets it
                    await asyncio.sleep(0.01)
                writer.write(OK)

    async def end() -> None:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(delay + 0.1)  # each handler meets its end of file

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.run_until_complete(end())
        loop.close()


def test_an_answer_that_waits_in_its_socket_is_none_that_came_too_late() -> None:
    config = LoadConfig(url="", rate=300.0, timeout=3.0, connections=600, max_connections=2000, fresh_share=0.0)
    with answering_after(0.6) as url, RawLoad(replace(config, url=url)) as load:
        assert isinstance(load.next(), Started)
        while (snapshot := load.next()) and not (isinstance(snapshot, Snapshot) and snapshot.totals.ok > 50):
            pass
        load.process.send_signal(signal.SIGSTOP)
        time.sleep(3.5)  # longer than an answer may take; more of them lie there than are read in one go
        load.process.send_signal(signal.SIGCONT)
        while (snapshot := load.next()) and not (isinstance(snapshot, Snapshot) and snapshot.totals.not_sent):
            pass
        load.command(Stop())
        *_, summary = load.rest()
    assert isinstance(summary, Summary)
    check_books(summary)
    assert summary.totals.dropped == 0


@pytest.mark.parametrize("frozen", [1.8, 3.5], ids=["for less than an answer may take", "for longer"])
def test_what_was_frozen_together_with_its_target_is_not_given_up_at_the_thaw(frozen: float) -> None:
    thawed = threading.Event()
    thawed.set()
    config = LoadConfig(url="", rate=20.0, timeout=2.0, connections=100)
    with answering_after(0.1, thawed=thawed) as url, RawLoad(replace(config, url=url)) as load:
        assert isinstance(load.next(), Started)
        load.next()
        thawed.clear()
        time.sleep(1.0)  # some attempts have used half their time up
        load.process.send_signal(signal.SIGSTOP)
        time.sleep(frozen)
        load.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)  # the target comes back later
        thawed.set()
        time.sleep(0.3)
        load.command(Stop())
        *_, summary = load.rest()
    assert isinstance(summary, Summary)
    check_books(summary)
    assert summary.totals.dropped == 0
    assert summary.totals.ok >= 20


def test_an_attempt_that_hangs_is_given_up_after_a_freeze_as_well() -> None:
    thawed = threading.Event()
    config = LoadConfig(url="", rate=20.0, timeout=1.0, connections=200, max_connections=400)
    with answering_after(0.0, thawed=thawed) as url, RawLoad(replace(config, url=url)) as load:
        try:
            assert isinstance(load.next(), Started)
            for _ in range(5):
                load.process.send_signal(signal.SIGSTOP)
                time.sleep(0.8)
                load.process.send_signal(signal.SIGCONT)
                time.sleep(0.1)
            time.sleep(2.5)
            load.command(Stop())
            *_, summary = load.rest()
        finally:
            thawed.set()
    assert isinstance(summary, Summary)
    check_books(summary)
    assert summary.totals.ok == 0
    assert summary.totals.dropped == summary.totals.due - summary.totals.not_sent > 0
