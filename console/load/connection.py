"""One connection: connects, sends a request, reads its answer, lies idle, notices its end.

It works on a non-blocking socket under the event loop's readiness callbacks rather than on an asyncio transport: the
errors arrive with their cause and at their moment, an idle connection can be looked at before it is used again, and
one buffer serves all reads.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from time import monotonic
from typing import Protocol

from console.load.answer import Answer, Origin
from console.load.loop_socket import UNDER_WAY, WOULD_BLOCK, LoopSocket
from console.load.response import BadResponseError, ResponseReader, ResponseRules
from console.load.tally import Drop, PhaseTally
from console.load.target import Target
from console.model.load import FailureKind, Stage

_BUFFER = bytearray(262_144)
_VIEW = memoryview(_BUFFER)
"""Shared by all connections: what is read is digested before anything else is read."""

_BESIDE_THE_WORDS = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$")

_OWN_FAULT = frozenset({errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class State(IntEnum):
    """Where a connection is."""

    CONNECTING = 0
    HANDSHAKE = 1
    SENDING = 2
    WAITING = 3
    RECEIVING = 4
    IDLE = 5
    CLOSED = 6


# Looked up in the class, a member costs as much as a call: its metaclass is asked.
_CONNECTING, _HANDSHAKE, _SENDING, _WAITING, _RECEIVING, _IDLE, _CLOSED = State

_STAGES = {
    State.CONNECTING: Stage.CONNECT,
    State.HANDSHAKE: Stage.HANDSHAKE,
    State.SENDING: Stage.SEND,
    State.WAITING: Stage.FIRST_BYTE,
    State.RECEIVING: Stage.RESPONSE,
    State.IDLE: Stage.IDLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every connection of a run does."""

    target: Target
    request: bytes
    rules: ResponseRules


class OwnFaultError(Exception):
    """A connection could not even be tried: no port or no descriptor was left on this side."""

    def __init__(self, number: int) -> None:
        super().__init__(errno.errorcode.get(number, str(number)))
        self.ports = number == errno.EADDRNOTAVAIL


class Owner(Protocol):
    """What a connection reports to. Each attempt ends in exactly one of the first two calls."""

    def answered(self, connection: Connection, answer: Answer) -> None:
        """The attempt got its complete answer."""
        ...

    def failed(self, connection: Connection, kind: FailureKind, stage: Stage, detail: str) -> None:
        """The attempt failed; the connection is closed."""
        ...

    def connected(self, connection: Connection) -> None:
        """The connect succeeded."""
        ...

    def went_stale(self, connection: Connection) -> None:
        """It was closed by the other side while idle."""
        ...

    def spoke_unasked(self, connection: Connection, count: int) -> None:
        """It brought bytes while idle; it is closed."""
        ...


class Connection:
    """One socket and the attempt that it carries."""

    __slots__ = (
        "_look",
        "_loop",
        "_owner",
        "_reader",
        "_recv_into",
        "_request",
        "_rules",
        "_send",
        "_socket",
        "_target",
        "_unsent",
        "answers",
        "attempt_started",
        "due",
        "keep",
        "origin",
        "phase",
        "pooled",
        "request_written",
        "retry_of",
        "state",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: Owner, job: Job) -> None:
        self._loop = loop
        self._owner = owner
        self._target = job.target
        self._request = job.request
        self._rules = job.rules
        self._reader = ResponseReader(job.rules)
        self._unsent: memoryview | None = None
        self._look: Callable[[int], object] | None = None
        self.state = _CONNECTING
        self.answers = 0
        """Answers read so far: above 0 the connection is a reused one."""
        self.origin: Origin = ("", "")
        """Who made the last answer."""
        self.keep = True
        """Whether it goes back to the pool afterwards."""
        self.pooled = False
        """Whether it is one of those that take turns, rather than one for a single request."""
        self.phase: PhaseTally
        self.due = 0.0
        self.attempt_started = 0.0
        self.request_written = 0.0
        """When the request was handed to the kernel; 0 until then."""
        self.retry_of: Drop | None = None
        """The dropped request that this attempt is the one retry of."""

    def connect(self, now: float) -> None:
        """Begin the first attempt. The owner may be called back before this returns.

        Raises:
            OwnFaultError: it could not even be tried; the owner is not called.
        """
        self.attempt_started, self.request_written = now, 0.0
        try:
            sock = self._socket = LoopSocket(self._loop, self._target.family)
        except OSError as error:
            self.state = _CLOSED
            raise OwnFaultError(error.errno or 0) from error
        address = self._target.address
        number = sock.connect(address)
        if number in _OWN_FAULT:
            self.close()
            raise OwnFaultError(number)
        if number in UNDER_WAY:
            # On the same host it is as good as always done by now, which saves a turn of the loop.
            number = sock.connect(address)
        if number in UNDER_WAY:
            sock.await_writable(self._on_awaited)
        else:
            self._on_connected(number)

    def usable(self) -> bool:
        """Look at an idle connection as browsers do before they use it again: still open, and nothing unasked in it."""
        look = self._look
        if look is None:
            look = self._look = self._socket.looker()
        if not look(0):
            return True
        self._on_readable()
        return self.state is _IDLE

    def write_request(self, now: float) -> None:
        """Send the request on an idle connection. The owner may be called back before this returns."""
        self.request_written = now
        self.state = _WAITING
        request = self._request
        try:
            sent = self._send(request)
        except WOULD_BLOCK:
            sent = 0
        except OSError as error:
            self._on_write_refused(error)
            return
        if sent < len(request):
            self.state = _SENDING
            self._unsent = memoryview(request)[sent:]
            self._socket.await_writable(self._on_writable)

    def give_up(self) -> None:
        """The attempt took too long."""
        waited = monotonic() - self.attempt_started
        self._fail(FailureKind.TIMEOUT, f"no complete answer within {waited:.3g} s")

    def close(self) -> None:
        """Close the socket; nothing is reported. Idempotent."""
        if self.state is _CLOSED:
            return
        self.state = _CLOSED
        self._socket.close()

    @property
    def origin_so_far(self) -> Origin | None:
        """Who makes the answer under way; None until its head is complete."""
        return self._reader.origin_so_far

    def _on_awaited(self) -> None:
        self._socket.stop_writing()
        self._on_connected(self._socket.connected())

    def _on_connected(self, number: int) -> None:
        """The connect ended: with an error, unless its number is 0."""
        if number:
            self._fail_with(OSError(number, os.strerror(number)))
            return
        sock = self._socket
        self._owner.connected(self)
        if self._target.tls is not None:
            self.state = _HANDSHAKE
            try:
                secured = sock.secure(self._target.tls, self._target.url.host)
            except OSError as error:  # it reads from the socket: the other side may have reset it by now
                self._fail_with(error)
                return
            self._on_handshake(secured)
        else:
            self._ready(self._on_readable)

    def _ready(self, on_readable: Callable[..., None], *args: object) -> None:
        """The connection is made: send the first request."""
        self._recv_into, self._send = self._socket.recv_into, self._socket.send
        self._socket.await_readable(on_readable, *args)
        self.write_request(monotonic())

    def _on_handshake(self, secured: ssl.SSLSocket) -> None:
        """Go on with the handshake, which says itself whether it waits to read or to write."""
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            self._socket.stop_writing()
            self._socket.await_readable(self._on_handshake, secured)
        except ssl.SSLWantWriteError:
            self._socket.stop_reading()
            self._socket.await_writable(self._on_handshake, secured)
        except OSError as error:
            self._fail_with(error)
        else:
            self._socket.stop_writing()
            self._ready(self._on_readable_secured, secured)

    def _on_writable(self) -> None:
        unsent = self._unsent or memoryview(b"")
        try:
            unsent = unsent[self._send(unsent) :]
        except WOULD_BLOCK:
            return
        except OSError as error:
            self._on_write_refused(error)
            return
        self._unsent = unsent or None
        if not unsent:
            self._socket.stop_writing()
            if self.state is _SENDING:
                self.state = _WAITING

    def _on_write_refused(self, error: OSError) -> None:
        """The other side closed while we wrote: what it answered before that (a 413, say) still counts."""
        self._socket.stop_writing()
        self.keep = False
        if self.state is _WAITING:
            self.state = _SENDING
        self._on_readable()
        if self.state is _SENDING:
            self._fail_with(error)

    def _on_readable_secured(self, secured: ssl.SSLSocket) -> None:
        self._on_readable()
        # A record that is decrypted already makes no socket readable.
        while self.state is not _CLOSED and secured.pending():
            self._on_readable()

    def _on_readable(self) -> None:
        try:
            count = self._recv_into(_BUFFER)
        except WOULD_BLOCK:
            return
        except OSError as error:
            self._on_read_refused(error)
            return
        state, usual = self.state, self._rules.usual
        if state is _WAITING and count == usual.length and _BUFFER.startswith(usual.head):
            self.state = _IDLE
            self._owner.answered(self, usual.answer)
        elif state is _IDLE:
            self._end_idle(count)
        elif count:
            self._on_bytes(count)
        else:
            self._on_eof()

    def _on_read_refused(self, error: OSError) -> None:
        if self.state is _IDLE:
            self._end_idle(0)
        elif isinstance(error, ssl.SSLEOFError):
            self._cut_off()
        else:
            self._fail_with(error)

    def _on_bytes(self, count: int) -> None:
        """A part of an answer, or a whole one, is in the buffer."""
        try:
            answer = self._reader.receive(_BUFFER, _VIEW, count)
        except BadResponseError as error:
            self.state = _RECEIVING
            self._fail(FailureKind.BAD_RESPONSE, str(error))
            return
        if answer is None:
            self.state = _RECEIVING
            return
        if self._unsent:
            # It answered before it had the whole request; the rest will never be sent.
            self._socket.stop_writing()
            self._unsent = None
            self.keep = False
        self.state = _IDLE
        self._owner.answered(self, answer)

    def _on_eof(self) -> None:
        answer = self._reader.end()
        if answer is not None:
            self.keep = False
            self.state = _IDLE
            self._owner.answered(self, answer)
        else:
            self._cut_off()

    def _cut_off(self) -> None:
        """It ended where no answer can end."""
        if self.state is _RECEIVING:
            self._fail(FailureKind.TRUNCATED, "closed within the answer")
        else:
            self._fail(FailureKind.EOF, "closed before the answer")

    def _end_idle(self, count: int) -> None:
        self.close()
        if count:
            self._owner.spoke_unasked(self, count)
        else:
            self._owner.went_stale(self)

    def _fail_with(self, error: OSError) -> None:
        self._fail(_kind(error), _reason(error))

    def _fail(self, kind: FailureKind, detail: str) -> None:
        stage = _STAGES[self.state]
        self.close()
        self._owner.failed(self, kind, stage, detail)


def _reason(error: OSError) -> str:
    """In words; Python adds to those of OpenSSL a code and a line of its own source."""
    reason = error.strerror or type(error).__name__
    return _BESIDE_THE_WORDS.sub("", reason) if isinstance(error, ssl.SSLError) else reason


def _kind(error: OSError) -> FailureKind:
    """Sort a transport error."""
    if isinstance(error, ssl.SSLEOFError):
        return FailureKind.EOF
    if isinstance(error, ssl.SSLError):
        return FailureKind.TLS
    if isinstance(error, ConnectionRefusedError):
        return FailureKind.REFUSED
    if isinstance(error, ConnectionError):
        return FailureKind.RESET
    if isinstance(error, TimeoutError):
        return FailureKind.TIMEOUT
    return FailureKind.UNREACHABLE
