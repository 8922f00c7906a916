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
        self.details: list[str] = []

    def connected(self, _connection: Connection) -> None:
        client, _ = self.listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    def failed(self, _connection: Connection, kind: FailureKind, stage: Stage, detail: str) -> None:
        self.failures.append((kind, stage))
        self.details.append(detail)
        self.ended.set()

    def answered(self, _connection: Connection, answer: Answer) -> None:
        raise AssertionError(answer)

    def went_stale(self, _connection: Connection) -> None:
        raise AssertionError

    def spoke_unasked(self, _connection: Connection, count: int) -> None:
        raise AssertionError(count)


class PlainSpeaking(Observer):
    """Owns a connection whose other side knows nothing of TLS."""

    def connected(self, _connection: Connection) -> None:
        self.client, _ = self.listener.accept()
        self.client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def failed_over_tls(kind: type[Observer]) -> Observer:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = LoadConfig(url=f"https://127.0.0.1:{listener.getsockname()[1]}/", rate=1, insecure=True)
        target = resolve(config)
        assert isinstance(target.tls, ssl.SSLContext)
        job = Job(target=target, request=b"", rules=ResponseRules(attribution(config), head_only=False))
        owner = kind(listener)
        Connection(asyncio.get_running_loop(), owner, job).connect(0.0)
        async with asyncio.timeout(5):
            await owner.ended.wait()
    return owner


async def test_a_reset_between_connect_and_handshake_fails_the_attempt_and_nothing_else() -> None:
    owner = await failed_over_tls(Observer)
    assert owner.failures == [(FailureKind.RESET, Stage.HANDSHAKE)]


async def test_an_answer_without_tls_fails_the_handshake_with_a_reason_in_words() -> None:
    owner = await failed_over_tls(PlainSpeaking)
    assert isinstance(owner, PlainSpeaking)
    owner.client.close()
    assert owner.failures == [(FailureKind.TLS, Stage.HANDSHAKE)]
    assert owner.details == ["wrong version number"]
