"""What the generator counts is what the server counted."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from console.adapters.load import LoadSupervisor
from console.model.load import PROXY, Arrivals, LoadConfig
from console.model.load_totals import merged
from tests.load.fault_server import OK, FaultServer
from tests.load.nginx import ANSWER, REFERENCE, Nginx
from tests.load.runs import attempts, check_books, kinds, run

FULL = bool(os.environ.get("ROLLOUT_LOAD_FULL"))
"""Set to count 200,000 requests in each mode rather than a few thousand."""
COUNT = 200_000 if FULL else 4_000

MODES: dict[str, dict[str, object]] = {
    "kept alive": {"fresh_share": 0.0},
    "fresh": {"fresh_share": 1.0, "rate": 1_500.0},
    "mixed": {},
    "poisson": {"arrivals": Arrivals.POISSON, "seed": 1},
    "head": {"method": "HEAD"},
    "post": {"method": "POST", "body": b"x" * 100, "path": "echo"},
    "release in the body": {"release_from": "json:version"},
}


@pytest.mark.parametrize("mode", MODES)
async def test_it_counts_the_answers_that_the_server_counted(mode: str, tmp_path: Path) -> None:
    settings = dict(MODES[mode])
    path = str(settings.pop("path", ""))
    rate = float(str(settings.pop("rate", 6_000.0)))
    with Nginx(tmp_path, http="keepalive_min_timeout 1s;") as server:
        summary = await run(server.url + path, rate=rate, duration=COUNT / rate, **settings)
        server.stop()
        statuses = server.statuses()
    # nginx proxies /echo to itself, so that it counts each of those requests twice.
    counted = statuses[200] // (2 if path else 1)
    assert counted == summary.totals.responses == summary.totals.ok
    assert summary.totals.dropped == 0
    assert summary.totals.due == summary.totals.ok + summary.totals.not_sent
    if settings.get("arrivals") is not Arrivals.POISSON:
        assert summary.totals.due == COUNT
    assert {(group.release, group.color) for group in summary.groups} == {("v1", "blue")}


@pytest.mark.parametrize(("config", "clean"), [("", False), (REFERENCE, True)], ids=["default", "reference"])
async def test_over_reloads_its_tally_equals_the_access_log(
    config: str,
    clean: bool,  # noqa: FBT001 - expected
    tmp_path: Path,
) -> None:
    reloads = 20 if FULL else 8
    with Nginx(tmp_path, http=config) as server:
        async with LoadSupervisor(LoadConfig(url=server.url, rate=1000.0, connections=40)) as load:
            for _ in range(reloads):
                await asyncio.sleep(0.15)
                await asyncio.to_thread(server.reload)
            await asyncio.sleep(0.15)
            summary = await load.stop()
        server.stop()
        statuses = server.statuses()
    assert summary is not None
    check_books(summary)
    assert dict(statuses) == dict(merged(summary.groups).statuses)
    assert summary.totals.not_sent == 0
    if clean:
        assert summary.totals.dropped == 0
    else:
        # By default a reload closes every idle connection: that is met either before sending or, worse, after.
        assert summary.totals.stale + summary.totals.dropped > reloads
        assert all(attempt.reused for attempt in attempts(summary))


async def test_a_cutover_without_a_drain_shows_the_proxys_own_502s(tmp_path: Path) -> None:
    green = OK.replace(b"v1", b"v2").replace(b"blue", b"green")
    upstream = "proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Connection '';"
    with (
        FaultServer() as blue,
        FaultServer(answer=green) as new,
        Nginx(tmp_path, http=REFERENCE, location=upstream.format(port=blue.port)) as proxy,
    ):
        async with LoadSupervisor(LoadConfig(url=proxy.url, rate=500.0, phase="before")) as load:
            await asyncio.sleep(0.4)
            await load.phase("cutover")
            blue.kill()
            await asyncio.sleep(0.2)
            proxy.configure(location=upstream.format(port=new.port))
            await asyncio.to_thread(proxy.reload)
            await asyncio.sleep(1.5)  # every kept connection is used meanwhile, and leaves the old worker with that
            await load.phase("after")
            await asyncio.sleep(0.2)
            summary = await load.stop()
    assert summary is not None
    check_books(summary)
    proxy_made = merged(group for group in summary.groups if group.release == PROXY)
    assert proxy_made.dropped == proxy_made.statuses[502] == summary.totals.dropped > 50
    # What was due just before the kill may have met it; what was due afterwards has not.
    assert {group.release for group in summary.groups if group.phase == "before"} <= {"v1", PROXY}
    assert {group.release for group in summary.groups if group.phase == "after"} == {"v2"}
    assert kinds(summary) == {"status at response": summary.totals.dropped}


async def test_a_stall_of_the_proxy_shows_in_full_in_the_percentiles(tmp_path: Path) -> None:
    rate, seconds = 1000.0, 2.0
    with Nginx(tmp_path, location=ANSWER) as server:
        async with LoadSupervisor(LoadConfig(url=server.url, rate=rate, duration=seconds)) as load:
            await asyncio.sleep(0.5)
            (worker,) = server.workers()
            os.kill(worker, signal.SIGSTOP)
            began = time.monotonic()
            try:
                await asyncio.sleep(0.5)
            finally:
                stall = time.monotonic() - began  # never more than it was
                os.kill(worker, signal.SIGCONT)
            summary = await load.wait()
    assert summary is not None
    check_books(summary)
    assert summary.totals.dropped == 0
    latency = merged(summary.groups).latency
    # Requests that were due within the stall wait for its end: their waits are spread evenly from its length down to 0.
    for share in (0.95, 0.99):
        theory = stall - (1 - share) * seconds
        reported = latency.quantile(share)
        assert reported is not None
        # Never less than it was; on a busy machine the queue takes its time to be worked off, which is no error.
        assert 0.9 * theory <= reported <= 1.1 * theory + 1.0


@pytest.mark.parametrize("length", [0, 70_000, 3_000_000])
async def test_bodies_of_every_size_are_read_whole(length: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
    with FaultServer(answer=answer) as server:
        summary = await run(server.url, rate=60.0, duration=0.5)
        books = server.books
    assert summary.totals.ok == books.answers == 30


@pytest.mark.parametrize("size", [1, 500, 200_000])
async def test_chunked_bodies_are_read_whole(size: int) -> None:
    body = b"".join(b"%x\r\n" % size + b"x" * size + b"\r\n" for _ in range(5))
    answer = b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
    with FaultServer(answer=answer) as server:
        summary = await run(server.url, rate=100.0, duration=0.5)
        books = server.books
    assert summary.totals.ok == books.answers == 50
    assert summary.totals.opened == books.connections


async def test_informational_answers_come_before_the_one_that_counts() -> None:
    with FaultServer(answer=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK) as server:
        summary = await run(server.url, rate=100.0, duration=0.5)
    assert summary.totals.ok == 50
    assert merged(summary.groups).statuses == {200: 50}


async def test_a_large_request_body_is_sent_whole() -> None:
    with FaultServer() as server:
        summary = await run(server.url, rate=20.0, duration=0.5, method="POST", body=b"x" * 5_000_000, timeout=5.0)
        books = server.books
    assert summary.totals.ok == 10
    assert books.bodies == 10 * 5_000_000


async def test_load_of_both_kinds_of_connections_keeps_the_share_that_was_asked_for() -> None:
    with FaultServer() as server:
        summary = await run(server.url, rate=600.0, fresh_share=0.2, connections=100, seed=4)
    assert summary.totals.opened - 100 == pytest.approx(120, abs=45)
