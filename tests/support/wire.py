"""One HTTP/1.1 connection over a raw socket: no retries, no hidden recovery, every failure told by its kind."""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass

LIMIT = 8 * 1024 * 1024
"""Bytes of one answer that are read at most: a test client must not eat the machine."""


class WireError(Exception):
    """A request that got no complete answer: `refused`, `reset`, `eof`, `truncated`, `malformed` or `connect`."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """One complete answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool
    """Whether the server promised to keep the connection open."""


class Wire:
    """One connection, used for one request at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._answering = False

    @classmethod
    async def connect(cls, host: str, port: int) -> Wire:
        """Open a connection. Raises `WireError`."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)  # noqa: FBT003  # the socket module's own signature
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
        except ConnectionRefusedError as error:
            sock.close()
            raise WireError("refused", str(error)) from error
        except OSError as error:
            sock.close()
            raise WireError("connect", str(error)) from error
        except BaseException:
            sock.close()
            raise
        return cls(sock)

    @property
    def stale(self) -> bool:
        """Whether the idle connection is already closed, or holds bytes nobody asked for: browsers discard it."""
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close it. Idempotent."""
        self._sock.close()

    async def exchange(self, request: bytes) -> WireAnswer:
        """Send one request and read its whole answer. Raises `WireError`."""
        self._buffer.clear()
        self._answering = False
        try:
            await self._loop.sock_sendall(self._sock, request)
            status, headers = await self._head()
            while 100 <= status < 200:
                status, headers = await self._head()
            body, delimited = await self._body(status, headers)
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, type(error).__name__)
            where = "in the answer" if self._answering else "before the answer"
            raise WireError("reset", f"{name} {where}") from error
        if self._buffer and delimited:
            raise WireError("malformed", f"{len(self._buffer)} bytes after the answer")
        reusable = delimited and headers.get("connection", "").lower() != "close"
        return WireAnswer(status=status, headers=headers, body=body, reusable=reusable)

    async def _head(self) -> tuple[int, dict[str, str]]:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            await self._more("the head")
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        version, _, rest = first.partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or not code.isdigit():
            raise WireError("malformed", f"status line {first[:80]!r}")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise WireError("malformed", f"header line {line[:80]!r}")
            headers[name.strip().lower()] = value.strip()
        return int(code), headers

    async def _body(self, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
        """The body, and whether its end was marked (otherwise it ends with the connection)."""
        if status in {204, 304}:
            return b"", True
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks(), True
        if (length := headers.get("content-length")) is not None:
            if not length.isdigit():
                raise WireError("malformed", f"content-length {length!r}")
            return await self._take(int(length), "the body"), True
        while True:
            try:
                await self._more("the body")
            except WireError as end:
                if end.kind != "truncated":
                    raise
                body = bytes(self._buffer)
                self._buffer.clear()
                return body, False

    async def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            while (end := self._buffer.find(b"\r\n")) < 0:
                await self._more("a chunk's size")
            size_text = bytes(self._buffer[:end]).split(b";")[0]
            del self._buffer[: end + 2]
            try:
                size = int(size_text, 16)
            except ValueError:
                raise WireError("malformed", f"chunk size {size_text[:20]!r}") from None
            chunk = await self._take(size + 2, "a chunk")
            if chunk[-2:] != b"\r\n":
                raise WireError("malformed", "a chunk without its end")
            if size == 0:
                return bytes(body)
            body += chunk[:-2]

    async def _take(self, count: int, what: str) -> bytes:
        while len(self._buffer) < count:
            await self._more(what)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _more(self, what: str) -> None:
        data = await self._loop.sock_recv(self._sock, 65536)
        if not data:
            kind = "truncated" if self._answering else "eof"
            raise WireError(kind, f"the connection was closed before the end of {what}")
        self._answering = True
        self._buffer += data
        if len(self._buffer) > LIMIT:
            raise WireError("malformed", f"more than {LIMIT} bytes")
