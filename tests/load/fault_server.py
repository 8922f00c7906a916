"""An HTTP server that answers the n-th request in a way that was planned for it, and keeps its own books.

It works on raw sockets in a thread of its own, so that each fault is exactly what it says.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Self


class Fault(Enum):
    """What a request meets instead of its answer."""

    RESET = "reset before the answer"
    CLOSE = "close before the answer"
    TRUNCATED_HEAD = "close within the head"
    TRUNCATED_BODY = "close within the body"
    RESET_BODY = "reset within the body"
    STATUS_500 = "500"
    STATUS_503 = "503"
    STATUS_404 = "404"
    NEVER = "never answer"
    MALFORMED = "malformed head"
    TWICE = "two answers at once"
    LATE_TWICE = "a second answer a moment later"
    TRICKLE = "slow trickle"
    SWITCH = "switch of protocols"
    STALE = "close after the answer"
    SAID_GOODBYE = "close after the answer, as TLS wants it"
    REDIRECT = "302"


OK = b"HTTP/1.1 200 OK\r\nX-Rollout-Release: v1\r\nX-Rollout-Color: blue\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Books:
    """What the server knows that a client must agree with."""

    requests: int = 0
    answers: int = 0
    """Complete answers written, of any status."""
    bodies: int = 0
    """Bytes of request bodies."""
    connections: int = 0
    last: bytes = b""
    """The last request, with its body."""
    injected: Counter[Fault] = field(default_factory=Counter)
    on_reused: Counter[Fault] = field(default_factory=Counter)
    """Of the injected: those on a connection that had carried an answer."""


@dataclass
class _Client:
    sock: socket.socket
    data: bytearray = field(default_factory=bytearray)
    answered: int = 0
    trickle: bool = False


class FaultServer:
    """`plan(n)` names the fault of the n-th request (from 1), or None for a good answer."""

    def __init__(
        self,
        plan: Callable[[int], Fault | None] = lambda _: None,
        *,
        answer: bytes = OK,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.books = Books()
        self._plan = plan
        self._answer = answer
        self._context = context
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.settimeout(0)
        self._clients: set[socket.socket] = set()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="fault-server")
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End at once, whatever is under way. Idempotent."""
        self._stopping = True
        self._thread.join(10)
        for sock in self._clients:
            sock.close()
        self._listener.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(0.01):
                key.data()
            due = [item for item in self._later if item[0] <= time.monotonic()]
            for item in due:
                self._later.remove(item)
                with contextlib.suppress(OSError):
                    item[1]()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            sock, _ = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.books.connections += 1
            if self._context is not None:
                sock.settimeout(5)
                try:
                    sock = self._context.wrap_socket(sock, server_side=True)
                except OSError:
                    sock.close()
                    return
            sock.settimeout(5)
            client = _Client(sock)
            self._clients.add(sock)
            self._selector.register(sock, selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: _Client) -> None:
        try:
            data = client.sock.recv(262_144)
            while isinstance(client.sock, ssl.SSLSocket) and client.sock.pending():
                data += client.sock.recv(262_144)
        except OSError:
            data = b""
        if not data:
            self.close(client)
            return
        client.data += data
        while client.sock in self._clients and (length := self._whole_request(client.data)):
            self.books.last = bytes(client.data[:length])
            del client.data[:length]
            self._respond(client)

    def _whole_request(self, data: bytearray) -> int:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        head = bytes(data[:end]).lower()
        _, found, after = head.partition(b"content-length:")
        body = int(after.partition(b"\r\n")[0]) if found else 0
        if len(data) < end + 4 + body:
            return 0
        self.books.bodies += body
        return end + 4 + body

    def _respond(self, client: _Client) -> None:
        books = self.books
        books.requests += 1
        fault = self._plan(books.requests)
        if fault is not None:
            books.injected[fault] += 1
            books.on_reused[fault] += client.answered > 0
        if fault is None:
            self._send(client, self._answer)
        elif fault in _STATUSES:
            status, release = _STATUSES[fault]
            self._send(client, b"HTTP/1.1 %d X\r\n%sContent-Length: 0\r\n\r\n" % (status, release))
        elif fault in _FOLLOWED:
            self._send(client, self._answer)
            after, what = _FOLLOWED[fault]
            self._later.append((time.monotonic() + after, lambda: what(self, client)))
        else:
            _INSTEAD[fault](self, client)

    def write(self, client: _Client, data: bytes) -> None:
        client.sock.sendall(data)

    def say_goodbye(self, client: _Client) -> None:
        client.sock.sendall(self._answer)
        if isinstance(client.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):  # the other side need not answer it
                client.sock.unwrap()
        self.close(client)

    def write_twice(self, client: _Client) -> None:
        client.sock.sendall(self._answer * 2)

    def write_again(self, client: _Client) -> None:
        client.sock.sendall(self._answer)

    def cut(self, client: _Client, end: int) -> None:
        client.sock.sendall(self._answer[:end])
        self.close(client)

    def reset_within_body(self, client: _Client) -> None:
        client.sock.sendall(self._answer[:-2])
        # A reset overtakes bytes that the client has not read yet: give it the time to read them.
        self._later.append((time.monotonic() + 0.25, lambda: self.reset(client)))

    def trickle(self, client: _Client, position: int = 0) -> None:
        if position < len(self._answer) and client.sock in self._clients:
            client.sock.sendall(self._answer[position : position + 1])
            self._later.append((time.monotonic() + 0.05, lambda: self.trickle(client, position + 1)))

    def reset(self, client: _Client) -> None:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close(client)

    def close(self, client: _Client) -> None:
        if client.sock in self._clients:
            self._clients.remove(client.sock)
            self._selector.unregister(client.sock)
            client.sock.close()

    def _send(self, client: _Client, answer: bytes) -> None:
        with contextlib.suppress(OSError):
            client.sock.sendall(answer)
            client.answered += 1
            self.books.answers += 1


_STATUSES = {
    Fault.STATUS_500: (500, b"X-Rollout-Release: v1\r\n"),
    Fault.STATUS_503: (503, b""),
    Fault.STATUS_404: (404, b"X-Rollout-Release: v1\r\n"),
    Fault.REDIRECT: (302, b"X-Rollout-Release: v1\r\nLocation: /elsewhere\r\n"),
}
_FOLLOWED: dict[Fault, tuple[float, Callable[[FaultServer, _Client], None]]] = {
    Fault.LATE_TWICE: (0.02, FaultServer.write_again),
    Fault.STALE: (0.005, FaultServer.close),
}
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
_INSTEAD: dict[Fault, Callable[[FaultServer, _Client], None]] = {
    Fault.RESET: FaultServer.reset,
    Fault.CLOSE: FaultServer.close,
    Fault.TRUNCATED_HEAD: lambda server, client: server.cut(client, 25),
    Fault.TRUNCATED_BODY: lambda server, client: server.cut(client, -2),
    Fault.RESET_BODY: FaultServer.reset_within_body,
    Fault.NEVER: lambda _server, _client: None,
    Fault.MALFORMED: lambda server, client: server.write(client, b"HTTP/1.1 2OO OK\r\n\r\n"),
    Fault.SWITCH: lambda server, client: server.write(client, _SWITCH),
    Fault.SAID_GOODBYE: FaultServer.say_goodbye,
    Fault.TWICE: FaultServer.write_twice,
    Fault.TRICKLE: FaultServer.trickle,
}
