"""Every fault that a server injects is counted once, in its kind."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from console.model.load import NO_ANSWER, PROXY, FailureKind, Retry, Stage
from console.model.load_totals import merged
from tests.load.fault_server import OK, Fault, FaultServer
from tests.load.runs import attempts, kinds, run

EVERY = 25


def every_so_often(fault: Fault) -> Callable[[int], Fault | None]:
    return lambda number: fault if number % EVERY == 0 else None


EXPECTED = {
    Fault.RESET: "reset at first byte",
    Fault.CLOSE: "eof at first byte",
    Fault.TRUNCATED_HEAD: "truncated at response",
    Fault.TRUNCATED_BODY: "truncated at response",
    Fault.RESET_BODY: "reset at response",
    Fault.STATUS_500: "status at response",
    Fault.STATUS_503: "status at response",
    Fault.NEVER: "timeout at first byte",
    Fault.MALFORMED: "bad response at response",
    Fault.TWICE: "bad response at response",
    Fault.SWITCH: "bad response at response",
    Fault.TRICKLE: "timeout at response",
}


@pytest.mark.parametrize("faults", [list(EXPECTED)[start::3] for start in range(3)], ids=lambda faults: faults[0].value)
async def test_each_fault_is_counted_once_in_its_kind(faults: list[Fault]) -> None:
    a_few = asyncio.Semaphore(6)  # at a time: a small machine must not be what makes a request time out
    async with asyncio.TaskGroup() as group:
        for fault, method, fresh in product(faults, ("GET", "POST"), (0.0, 1.0)):
            group.create_task(_check_fault(fault, method, fresh, a_few))


async def _check_fault(fault: Fault, method: str, fresh: float, a_few: asyncio.Semaphore) -> None:
    async with a_few:
        with FaultServer(every_so_often(fault)) as server:
            summary = await run(
                server.url, method=method, fresh_share=fresh, connections=4, timeout=3.5, rate=200.0, duration=1.0
            )
        books = server.books
    injected = books.injected[fault]
    assert injected >= 7
    assert kinds(summary) == {EXPECTED[fault]: injected}
    assert sum(n for a, n in attempts(summary).items() if a.reused) == books.on_reused[fault]
    assert summary.totals.responses == books.answers
    assert summary.totals.due + summary.totals.retries == books.requests
    # A retry may meet a fault of its own: then its request stays dropped, and it is no further drop.
    retried = sum(n for a, n in attempts(summary).items() if a.retry)
    assert summary.totals.dropped == injected - retried
    assert summary.totals.recovered == summary.totals.retries - retried


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_only_a_safe_request_on_a_reused_connection_is_retried(fault: Fault, method: str) -> None:
    plan = dict.fromkeys(range(30, 280, 7), fault)
    with FaultServer(plan.get) as server:
        summary = await run(server.url, method=method, fresh_share=0.5, connections=3, rate=400.0, duration=0.75)
        reused = server.books.on_reused[fault]
    # A retry is a request like any other to the server, and may meet a fault of its own; then it is not repeated again.
    failed_retries = sum(n for attempt, n in attempts(summary).items() if attempt.retry)
    assert 0 < reused < len(plan) == summary.totals.dropped + failed_retries
    assert summary.totals.retries == (reused if method == "GET" else 0)
    assert summary.totals.recovered == summary.totals.retries - failed_retries
    for failure in summary.failures:
        retried = failure.attempt.reused and method == "GET"
        assert (failure.retry is Retry.NOT_ALLOWED) is not retried
        assert failure.last_release == ("v1" if failure.attempt.reused else "")
        assert failure.release == NO_ANSWER


@pytest.mark.parametrize("fault", [Fault.TRUNCATED_BODY, Fault.NEVER, Fault.STATUS_500, Fault.MALFORMED])
async def test_what_came_after_the_first_byte_or_may_still_come_is_never_retried(fault: Fault) -> None:
    with FaultServer(every_so_often(fault)) as server:
        summary = await run(server.url, fresh_share=0.0, connections=2, timeout=0.3, rate=200.0, duration=0.5)
    assert summary.totals.dropped > 0
    assert summary.totals.retries == 0


async def test_a_mixture_of_all_faults_adds_up() -> None:
    faults = [fault for fault in EXPECTED if fault is not Fault.TRICKLE]
    plan = {number: faults[(number // 7) % len(faults)] for number in range(20, 900, 7)}
    with FaultServer(plan.get) as server:
        summary = await run(server.url, connections=10, timeout=5.0, rate=600.0, duration=1.4)
        books = server.books
    expected: dict[str, int] = {}
    for fault, count in books.injected.items():
        expected[EXPECTED[fault]] = expected.get(EXPECTED[fault], 0) + count
    assert kinds(summary) == expected
    assert summary.totals.responses == books.answers
    assert summary.totals.opened == books.connections


async def test_a_second_answer_on_an_idle_connection_hurts_no_request_and_is_told() -> None:
    with FaultServer(lambda number: Fault.LATE_TWICE if number % 10 == 5 and number < 70 else None) as server:
        summary = await run(server.url, fresh_share=0.0, connections=10, rate=100.0)
        injected = server.books.injected[Fault.LATE_TWICE]
    assert summary.totals.dropped == 0
    assert summary.totals.stray == injected > 5
    assert kinds(summary) == {"bad response at idle": injected}


async def test_an_idle_connection_that_was_closed_is_recycled_and_no_failure() -> None:
    with FaultServer(lambda number: Fault.STALE if number % 5 == 0 else None) as server:
        summary = await run(server.url, fresh_share=0.0, connections=20, rate=25.0, duration=2.0)
        injected = server.books.injected[Fault.STALE]
    assert injected >= 8
    assert summary.totals.dropped == 0
    # A connection is used again after most of a second, so that it is closed by then; the last ones are after the end.
    assert injected - 3 <= summary.totals.stale <= injected


async def test_an_unexpected_status_is_no_drop_and_a_listed_one_is_ok() -> None:
    for expect, expected in ((frozenset[int](), 0), (frozenset({404, 503}), 1)):
        plan = {10: Fault.STATUS_404, 20: Fault.STATUS_503, 30: Fault.REDIRECT}
        with FaultServer(plan.get) as server:
            summary = await run(server.url, rate=100.0, duration=0.5, expect=expect)
        assert summary.totals.unexpected == 1 - expected
        assert summary.totals.dropped == 1 - expected
        assert merged(summary.groups).statuses[302] == 1
        assert summary.totals.due == server.books.requests  # a redirect is not followed


async def test_a_5xx_without_a_release_was_made_by_the_proxy_once_others_name_theirs() -> None:
    with FaultServer({50: Fault.STATUS_503, 60: Fault.STATUS_500}.get) as server:
        summary = await run(server.url, rate=200.0)
    by_release = {(group.release, status) for group in summary.groups for status in group.statuses}
    assert by_release == {("v1", 200), ("v1", 500), (PROXY, 503)}


async def test_where_nobody_listens_every_request_is_refused() -> None:
    with socket.socket() as taken:  # bound, so that nobody else gets it, and not listening
        taken.bind(("127.0.0.1", 0))
        summary = await run(f"http://127.0.0.1:{taken.getsockname()[1]}/", rate=200.0)
    assert kinds(summary) == {"refused at connect": 200}
    assert summary.totals.opened == 200


async def test_a_full_accept_queue_is_told_apart_from_a_slow_server() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(2)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", port))
        summary = await run(f"http://127.0.0.1:{port}/", rate=20.0, duration=0.5, timeout=0.4)
        for filler in fillers:
            filler.close()
    assert kinds(summary) == {"timeout at connect": 10}


async def test_a_connect_that_needed_a_retransmit_is_slow_and_no_drop() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        held: list[socket.socket] = []

        over = threading.Event()

        def answer(client: socket.socket) -> None:
            client.settimeout(30)
            with contextlib.suppress(OSError):
                if client.recv(65_536):
                    client.sendall(OK)

        def serve_after_a_while() -> None:
            select.select([server], [], [], 30)  # the first connection waits
            time.sleep(0.7)
            server.settimeout(0.2)
            while not over.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                held.append(client)
                threading.Thread(target=answer, args=(client,), daemon=True).start()

        thread = threading.Thread(target=serve_after_a_while)
        thread.start()
        try:
            summary = await run(f"http://127.0.0.1:{port}/", rate=20.0, duration=0.4, timeout=20.0, fresh_share=1.0)
        finally:
            over.set()
            await asyncio.to_thread(thread.join)
        for client in held:
            client.close()
    assert summary.totals.dropped == 0
    assert summary.totals.slow_connects > 0
    assert summary.totals.slow >= summary.totals.slow_connects


async def test_the_age_of_a_failure_counts_from_sending() -> None:
    with FaultServer({30: Fault.NEVER}.get) as server:
        summary = await run(server.url, rate=20.0, duration=2.0, timeout=2.0, connections=2)
    (failure,) = summary.failures
    assert failure.attempt.kind is FailureKind.TIMEOUT
    assert failure.attempt.stage is Stage.FIRST_BYTE
    assert 1.9 < failure.age < 3.2, "it was sent when the run was 1.5 s old"


async def test_a_target_that_takes_no_more_connections_than_the_cap_is_not_blamed_for_the_rest() -> None:
    with FaultServer(lambda number: Fault.NEVER if number <= 5 else None) as server:
        summary = await run(server.url, rate=100.0, max_connections=5, connections=5, timeout=3.0, duration=0.5)
        requests = server.books.requests
    assert kinds(summary) == {"timeout at first byte": 5}
    assert summary.totals.not_sent == 45
    assert summary.totals.due == 50
    assert requests == 5
    assert not summary.valid


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    subprocess.run([*make, *subject], check=True, capture_output=True)
    return key, cert


@pytest.fixture
def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


@pytest.mark.parametrize("length", [5, 300_000])
async def test_tls_is_spoken_on_kept_alive_and_on_fresh_connections(
    server_context: ssl.SSLContext, certificate: tuple[Path, Path], length: int
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
    with FaultServer(context=server_context, answer=answer) as server:
        summary = await run(server.url, rate=60.0, fresh_share=0.2, ca_file=str(certificate[1]))
        books = server.books
    assert (summary.totals.ok, summary.totals.dropped) == (60, 0)
    assert books.answers == 60
    assert summary.totals.opened == books.connections


async def test_tls_faults_have_their_kind(server_context: ssl.SSLContext) -> None:
    with FaultServer(context=server_context) as server:
        summary = await run(server.url, rate=40.0)
    assert kinds(summary) == {"tls at handshake": 40}
    (detail,) = {failure.detail for failure in summary.failures}
    assert detail.startswith("certificate verify failed: self")
    assert "_ssl" not in detail
    with FaultServer(
        lambda number: Fault.CLOSE if number % 10 == 0 else Fault.TRUNCATED_BODY if number % 10 == 5 else None,
        context=server_context,
    ) as server:
        summary = await run(server.url, rate=100.0, insecure=True, connections=5, method="POST", body=b"x" * 200_000)
        books = server.books
    assert kinds(summary) == {
        "eof at first byte": books.injected[Fault.CLOSE],
        "truncated at response": books.injected[Fault.TRUNCATED_BODY],
    }
    assert books.bodies == 200_000 * books.requests
    assert summary.totals.responses == books.answers


@pytest.mark.parametrize(
    ("end", "expected"), [(Fault.TRUNCATED_BODY, "truncated at response"), (Fault.SAID_GOODBYE, "")]
)
async def test_over_tls_a_body_that_nothing_measures_ends_with_a_goodbye_and_not_with_a_cut(
    server_context: ssl.SSLContext, end: Fault, expected: str
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\n\r\nhello"
    with FaultServer(lambda _: end, context=server_context, answer=answer) as server:
        summary = await run(server.url, rate=30.0, insecure=True)
    assert kinds(summary) == ({expected: 30} if expected else {})
    assert summary.totals.ok == (0 if expected else 30)


async def test_over_tls_an_idle_connection_that_was_cut_is_recycled_and_no_failure(
    server_context: ssl.SSLContext,
) -> None:
    with FaultServer(lambda number: Fault.STALE if number % 5 == 0 else None, context=server_context) as server:
        summary = await run(server.url, rate=25.0, duration=2.0, fresh_share=0.0, connections=20, insecure=True)
        injected = server.books.injected[Fault.STALE]
    assert injected >= 8
    assert summary.totals.dropped == 0
    assert injected - 3 <= summary.totals.stale <= injected
