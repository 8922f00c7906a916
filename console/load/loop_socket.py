"""A non-blocking socket under the event loop's readiness callbacks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import select
import socket
import ssl
from collections.abc import Callable
from functools import partial

from console.load.direct_loop import reading

WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What `recv_into` and `send` raise when there is nothing to do yet, secured or not."""

UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY})

_NONBLOCK: int = getattr(socket, "SOCK_NONBLOCK", 0)
_STREAM = socket.SOCK_STREAM | _NONBLOCK
"""Where the kernel takes both at once, that is one call less."""


class LoopSocket:
    """One TCP socket. It registers with the loop only for what is waited for, and never forgets to unregister."""

    __slots__ = ("_forget", "_loop", "_reading", "_sock", "_watch", "_writing", "fd", "recv_into", "send")

    def __init__(self, loop: asyncio.AbstractEventLoop, family: socket.AddressFamily) -> None:
        """Raises `OSError` when no descriptor is left."""
        sock = self._sock = socket.socket(family, _STREAM)
        if not _NONBLOCK:
            sock.setblocking(False)  # noqa: FBT003 - a vendor's signature
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop = loop
        self._watch, self._forget = reading(loop)
        self._reading = self._writing = False
        self.fd = sock.fileno()
        self.recv_into = sock.recv_into
        self.send = sock.send

    def connect(self, address: tuple[str, int]) -> int:
        """Begin to connect, or ask how it goes: 0 once it is done, a number of `UNDER_WAY`, or that of the error."""
        number = self._sock.connect_ex(address)
        return 0 if number == errno.EISCONN else number

    def connected(self) -> int:
        """How the connect ended: 0 or the number of the error."""
        return self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def looker(self) -> Callable[[int], object]:
        """Makes `look`: `look(0)` is true when there is anything to read, the end included."""
        poller = select.poll()
        poller.register(self.fd, select.POLLIN)
        return poller.poll

    def secure(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """Speak TLS from now on; the handshake is the caller's.

        A connection that ends without TLS's own good-bye was cut off, whoever did it: reading raises `ssl.SSLEOFError`
        then, and never looks like an end (RFC 9112 §9.8). Raises `OSError` when the other side is gone already.
        """
        # Wrapping reads too, but leaves the descriptor to the garbage collector when that fails: look before.
        with contextlib.suppress(*WOULD_BLOCK):
            self._sock.recv(1, socket.MSG_PEEK)
        secured = context.wrap_socket(
            self._sock, do_handshake_on_connect=False, suppress_ragged_eofs=False, server_hostname=host
        )
        self._sock, self.recv_into, self.send = secured, secured.recv_into, secured.send
        return secured

    def await_readable(self, callback: Callable[..., None], *args: object) -> None:
        """Call back whenever there is something to read, the end included."""
        self._reading = True
        self._watch(self.fd, partial(callback, *args) if args else callback)

    def await_writable(self, callback: Callable[..., None], *args: object) -> None:
        """Call back as long as the kernel takes more."""
        self._writing = True
        self._loop.add_writer(self.fd, callback, *args)

    def stop_reading(self) -> None:
        """The opposite of `await_readable`. Idempotent."""
        if self._reading:
            self._reading = False
            self._forget(self.fd)

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
