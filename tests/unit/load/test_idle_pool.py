"""Idle connections: which is handed out, and that none is that ended or spoke meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable, Iterator

import pytest

from console.load.answer import Answer, attribution
from console.load.connection import Connection, Job, State
from console.load.direct_loop import DirectLoop
from console.load.idle_pool import IdlePool
from console.load.response import ResponseRules
from console.load.target import resolve
from console.model.load import FailureKind, LoadConfig, Stage

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if hasattr(select, "epoll"):
    LOOPS["direct"] = DirectLoop


class Scene:
    """A pool with connections to a server that answers at once; it owns them as a dispatcher does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        self.loop = loop
        self.pool = IdlePool(loop)
        self.listener = listener
        self.theirs: dict[Connection, socket.socket] = {}
        self.stale: list[Connection] = []
        self.stray: list[Connection] = []
        config = LoadConfig(url=f"http://127.0.0.1:{listener.getsockname()[1]}/", rate=1)
        rules = ResponseRules(attribution(config), head_only=False)
        self._job = Job(target=resolve(config), request=b"GET / HTTP/1.1\r\n\r\n", rules=rules)

    def add(self, count: int) -> list[Connection]:
        """So many more that have just been answered, in this order."""
        return [self._add() for _ in range(count)]

    def _add(self) -> Connection:
        connection = Connection(self.loop, self, self._job)
        connection.connect(0.0)
        self.theirs[connection], _ = self.listener.accept()
        self.theirs[connection].sendall(ANSWER)
        while connection.answers == 0:
            self.turn()
        return connection

    def turn(self) -> None:
        """Let the loop hear what there is."""
        self.loop.run_until_complete(asyncio.sleep(0.001))

    def take(self) -> Connection | None:
        """What the pool hands out in a callback of the loop."""

        async def taken() -> Connection | None:
            return self.pool.take()

        return self.loop.run_until_complete(taken())

    def answered(self, connection: Connection, _answer: Answer) -> None:
        connection.answers += 1
        self.pool.add(connection)

    def failed(self, connection: Connection, kind: FailureKind, stage: Stage, detail: str) -> None:
        raise AssertionError((connection, kind, stage, detail))

    def connected(self, connection: Connection) -> None:
        assert connection not in self.pool

    def went_stale(self, connection: Connection) -> None:
        self.stale.append(connection)
        self.pool.remove(connection)

    def spoke_unasked(self, connection: Connection, count: int) -> None:
        assert count > 0
        self.stray.append(connection)
        self.pool.remove(connection)


@pytest.fixture(params=LOOPS)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with (
        contextlib.closing(LOOPS[request.param]()) as loop,
        socket.create_server(("127.0.0.1", 0), backlog=64) as listener,
    ):
        made = Scene(loop, listener)
        yield made
        for connection, theirs in made.theirs.items():
            connection.close()
            theirs.close()


def test_the_one_that_lay_idle_longest_comes_first(scene: Scene) -> None:
    first, second, third = scene.add(3)
    assert scene.take() is first
    scene.pool.add(first)
    assert [scene.take(), scene.take(), scene.take(), scene.take()] == [second, third, first, None]


def test_none_that_was_closed_is_handed_out_not_even_right_after_its_answer(scene: Scene) -> None:
    connections = scene.add(4)
    for connection in (connections[0], connections[3]):
        scene.theirs[connection].close()
    assert [scene.take(), scene.take(), scene.take()] == [*connections[1:3], None]
    scene.turn()
    assert set(scene.stale) == {connections[0], connections[3]}
    assert {connection.state for connection in scene.stale} == {State.CLOSED}


def test_an_answer_with_the_end_behind_it_leaves_nothing_to_use(scene: Scene) -> None:
    (connection,) = scene.add(1)
    assert scene.take() is connection
    connection.write_request(0.0)
    scene.theirs[connection].sendall(ANSWER)
    scene.theirs[connection].close()
    while connection.answers < 2:
        scene.turn()
    assert scene.take() is None


def test_none_with_something_unasked_in_it_is_handed_out(scene: Scene) -> None:
    connections = scene.add(3)
    scene.theirs[connections[1]].sendall(b"?")
    assert [scene.take(), scene.take(), scene.take()] == [connections[0], connections[2], None]
    assert scene.stray == [connections[1]]


def test_it_counts_and_lists_what_lies_idle_in_either_state(scene: Scene) -> None:
    connections = scene.add(3)
    assert len(scene.pool) == 3
    assert scene.take() is connections[0]
    scene.pool.add(connections[0])
    assert list(scene.pool) == [*connections[1:], connections[0]]
    scene.pool.remove(connections[2])
    scene.pool.remove(connections[2])
    assert scene.pool.take_oldest() is connections[1]
    assert scene.pool.take_oldest() is connections[0]
    assert scene.pool.take_oldest() is None
    assert len(scene.pool) == 0
