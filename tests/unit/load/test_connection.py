from __future__ import annotations

import asyncio
import socket
import ssl
import struct

from console.load.answer import Answer, attribution
from console.load.connection import Connection, Job
from console.load.response import ResponseRules
from console.load.target import resolve
from console.model.load import FailureKind, LoadConfig, Stage


class Observer:
    """Owns a connection whose other side resets it as soon as it is made."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.ended = asyncio.Event()
        self.failures: list[tuple[FailureKind, Stage]] = []

    def connected(self, _connection: Connection) -> None:
        client, _ = self.listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    def failed(self, _connection: Connection, kind: FailureKind, stage: Stage, _detail: str) -> None:
        self.failures.append((kind, stage))
        self.ended.set()

    def answered(self, _connection: Connection, answer: Answer) -> None:
        raise AssertionError(answer)

    def went_stale(self, _connection: Connection) -> None:
        raise AssertionError

    def spoke_unasked(self, _connection: Connection, count: int) -> None:
        raise AssertionError(count)


async def test_a_reset_between_connect_and_handshake_fails_the_attempt_and_nothing_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = LoadConfig(url=f"https://127.0.0.1:{listener.getsockname()[1]}/", rate=1, insecure=True)
        target = resolve(config)
        assert isinstance(target.tls, ssl.SSLContext)
        job = Job(target=target, request=b"", rules=ResponseRules(attribution(config), head_only=False))
        owner = Observer(listener)
        Connection(asyncio.get_running_loop(), owner, job).connect(0.0)
        async with asyncio.timeout(5):
            await owner.ended.wait()
    assert owner.failures == [(FailureKind.RESET, Stage.HANDSHAKE)]
