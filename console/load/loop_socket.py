"""A non-blocking socket under the event loop's readiness callbacks."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import Callable

WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What `recv_into` and `send` raise when there is nothing to do yet, secured or not."""


class LoopSocket:
    """One TCP socket. It registers with the loop only for what is waited for, and never forgets to unregister."""

    __slots__ = ("_loop", "_poller", "_reading", "_sock", "_writing", "fd", "look", "recv_into", "send")

    def __init__(self, loop: asyncio.AbstractEventLoop, family: socket.AddressFamily) -> None:
        """Raises `OSError` when no descriptor is left."""
        sock = self._sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)  # noqa: FBT003 - a vendor's signature
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop = loop
        self._reading = self._writing = False
        self.fd = sock.fileno()
        poller = self._poller = select.poll()
        poller.register(self.fd, select.POLLOUT)
        self.look = poller.poll
        """`look(0)` is true when the socket wants attention: first a connect that ended, then anything to read."""
        self.recv_into = sock.recv_into
        self.send = sock.send

    def connect(self, address: tuple[str, int]) -> int:
        """Begin to connect; 0, `EINPROGRESS`, or the number of the error."""
        return self._sock.connect_ex(address)

    def connected(self) -> int:
        """How the connect ended: 0 or the number of the error. From now on `look` is about reading."""
        number = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not number:
            self._poller.modify(self.fd, select.POLLIN)
        return number

    def secure(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """Speak TLS from now on; the handshake is the caller's."""
        secured = context.wrap_socket(self._sock, do_handshake_on_connect=False, server_hostname=host)
        self._sock, self.recv_into, self.send = secured, secured.recv_into, secured.send
        return secured

    def await_readable(self, callback: Callable[..., None], *args: object) -> None:
        """Call back whenever there is something to read, the end included."""
        self._reading = True
        self._loop.add_reader(self.fd, callback, *args)

    def await_writable(self, callback: Callable[..., None], *args: object) -> None:
        """Call back as long as the kernel takes more."""
        self._writing = True
        self._loop.add_writer(self.fd, callback, *args)

    def stop_reading(self) -> None:
        """The opposite of `await_readable`. Idempotent."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self.fd)

    def stop_writing(self) -> None:
        """The opposite of `await_writable`. Idempotent."""
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self.fd)

    def close(self) -> None:
        """Close it. Idempotent."""
        self.stop_writing()
        self.stop_reading()
        self._sock.close()
