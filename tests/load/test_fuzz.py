"""Whatever a server sends, cut however it likes: nothing is raised, nothing hangs, each request has one outcome."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.load.answer import attribution
from console.load.connection import Job
from console.load.dispatcher import Dispatcher
from console.load.response import ResponseRules
from console.load.tally import Delta, Tally
from console.load.target import resolve
from console.load.template import render
from console.model.load import LoadConfig
from console.model.load_totals import merged
from tests.load.fault_server import OK

_PARTS = (
    b"HTTP/1.1 200 OK\r\n|HTTP/1.1 204 X\r\n|HTTP/1.1 103 E\r\n\r\n|HTTP/1.0 500 E\r\n|HTTP/1.1 101 S\r\n|"
    b"HTTP/1.1 404 N\r\n|Content-Length: 5\r\n|Content-Length: 0\r\n|Transfer-Encoding: chunked\r\n|"
    b"Connection: close\r\n|X-Rollout-Release: v1\r\n|\r\n|hello|5\r\nhello\r\n|0\r\n\r\n|\x00\xff|\n"
)
noise = st.binary(max_size=60) | st.lists(st.sampled_from(_PARTS.split(b"|")), max_size=10).map(b"".join)


@st.composite
def cut_up(draw: st.DrawFn) -> tuple[bytes, ...]:
    """Good answers, noise, or a good answer with a part of it replaced; in pieces."""
    good = draw(st.sampled_from([OK, OK.replace(b"200 OK", b"503 No"), OK + OK]))
    at, length = draw(st.integers(0, len(good))), draw(st.integers(0, 20))
    changed = good[:at] + draw(noise) + good[at + length :]
    data = draw(st.sampled_from([good, changed, good[:at]]) | noise)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=4)))
    return tuple(data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True))


@dataclass(frozen=True)
class Reply:
    pieces: tuple[bytes, ...]
    end: str


replies = st.builds(Reply, pieces=cut_up(), end=st.sampled_from(["stay", "stay", "close", "reset"]))


class _Liar:
    """Answers with the planned replies in turn, then well."""

    def __init__(self, planned: list[Reply]) -> None:
        self._planned = iter(planned)
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                reply = next(self._planned, Reply((OK,), "stay"))
                for piece in reply.pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if reply.end != "stay":
                    break
            if reply.end == "reset":
                writer.transport.abort()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()


async def _outcomes(planned: list[Reply], *, method: str, fresh: float, at_once: bool) -> Delta:
    loop = asyncio.get_running_loop()
    raised: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: raised.append(context))
    liar = _Liar(planned)
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    config = LoadConfig(
        url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/",
        rate=1.0,
        method=method,
        fresh_share=fresh,
        timeout=0.12,
        connections=3,
    )
    target = await asyncio.to_thread(resolve, config)
    tally = Tally("", expect=frozenset(), objective=1.0)
    rules = ResponseRules(attribution(config), head_only=method == "HEAD")
    job = Job(target=target, request=render(config, target.url), rules=rules)
    dispatcher = Dispatcher(loop, config, job, tally)
    try:
        for _ in range(len(planned) + 2):
            dispatcher.begin(monotonic())
            while not at_once and dispatcher.in_flight:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.001)
        async with asyncio.timeout(10):
            await dispatcher.drain()
        return tally.cut(dispatcher.in_flight)
    finally:
        dispatcher.close()
        server.close()
        for writer in liar.writers:
            writer.close()
        assert not raised


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    planned=st.lists(replies, min_size=1, max_size=5),
    method=st.sampled_from(["GET", "GET", "POST", "HEAD"]),
    fresh=st.sampled_from([0.0, 0.5]),
    at_once=st.booleans(),
)
def test_whatever_a_server_sends_each_request_has_exactly_one_outcome(
    planned: list[Reply],
    method: str,
    fresh: float,
    at_once: bool,  # noqa: FBT001 - drawn
) -> None:
    delta = asyncio.run(_outcomes(planned, method=method, fresh=fresh, at_once=at_once))
    totals, whole = delta.totals, merged(delta.groups)
    assert (totals.due, totals.not_sent, totals.in_flight) == (len(planned) + 2, 0, 0)
    assert totals.ok + totals.unexpected + totals.dropped == totals.due
    first = sum(n for attempt, n in whole.attempts if not attempt.retry and attempt.stage != "idle")
    assert first == totals.dropped
    assert totals.responses == sum(whole.statuses.values())
    assert whole.latency.total == totals.ok + totals.unexpected
    assert len(delta.failures) == totals.dropped + totals.stray
    assert totals.retries == 0 or method != "POST"
