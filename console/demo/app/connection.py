"""One client connection: requests in order, one answer at a time, and an end that loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import cast

from .lifecycle import Lifecycle
from .parser import RequestParser
from .peers import Peers
from .reply import LAST_CHUNK, Later, Reply, Response, Streamed, Wire, chunk
from .request import BadRequestError, Head, Request

MOST_PIPELINED = 256 * 1024
"""Bytes of waiting requests beyond which a busy connection is read no further."""
LINGER = 2.0
"""Seconds that a client has to close its side once we closed ours."""
LONGEST_SILENCE = 30.0
"""Seconds without a byte in the middle of a request."""
LONGEST_IDLE = 90.0
"""Seconds that a kept-alive connection may wait; longer than nginx keeps its own (60), so that nginx closes first."""


class Connection(asyncio.Protocol):
    """Serves one connection.

    Args:
        answer: decides the reply to a request.
        wire: encodes it.
        lifecycle: is told what is in flight.
        peers: where it is listed while it is open.
    """

    def __init__(
        self,
        answer: Callable[[Request], Reply],
        wire: Wire,
        lifecycle: Lifecycle,
        peers: Peers,
    ) -> None:
        self._answer = answer
        self._wire = wire
        self._lifecycle = lifecycle
        self._peers = peers
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._ending = False
        self._client_done = False
        self._touched = self._loop.time()

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, served or sent."""
        unused = self._ending or (self._task is None and self._parser.empty)
        return unused and self._transport.get_write_buffer_size() == 0

    def expire(self) -> None:
        """Close it if it has been silent for too long."""
        silence = self._loop.time() - self._touched
        if self._ending or self._task is not None:
            return
        if not self._parser.empty and silence > LONGEST_SILENCE:
            self._refuse(BadRequestError(408, "the request did not arrive in time"))
        elif silence > LONGEST_IDLE:
            self.finish()

    def finish(self) -> None:
        """Close our side once all is sent, and give the client a moment to close its own.

        Closing both sides at once would answer a byte that is still on its way with a reset, and a reset can destroy
        an answer that the client has not read yet (RFC 9112 section 9.6).
        """
        if self._ending:
            return
        self._ending = True
        if self._client_done or self._transport.is_closing():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the client had left: the answer that was just written brought a reset, at once on one host
            self._transport.abort()
            return
        self._linger = self._loop.call_later(LINGER, self._transport.abort)

    def abort(self) -> None:
        """Cut it."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = cast("asyncio.Transport", transport)
        self._peers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Stop serving: nobody is there to read the answer."""
        self._ending = True
        if self._linger is not None:
            self._linger.cancel()
        self._writable.set()
        if self._task is not None:
            self._task.cancel()
        self._peers.discard(self)

    def pause_writing(self) -> None:
        """Wait with further answers: the client does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on answering."""
        self._writable.set()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Take bytes in and answer what they complete."""
        if self._ending:
            return
        self._touched = self._loop.time()
        self._parser.feed(data)
        self._serve()
        if self._parser.pending > MOST_PIPELINED and not self._free:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Whether to keep our side open: only for answers that are made already and wait for the client to read.

        Whoever leaves while an answer takes time is taken to be gone, as Go and nginx do. A proxy says in this way that
        its own client has left, and a drain should not wait for an answer that nobody reads.
        """
        self._client_done = True
        if self._task is not None:
            self._task.cancel()
            return False
        return not self._writable.is_set()

    @property
    def _free(self) -> bool:
        return self._task is None and self._writable.is_set()

    def _go_on(self) -> None:
        if self._ending:
            return
        self._transport.resume_reading()
        self._serve()
        if self._client_done and self._free:
            self.finish()

    def _serve(self) -> None:
        """Answer what is complete, in order, until one takes time or the client stops reading."""
        while self._free and not self._ending:
            try:
                request = self._parser.take()
            except BadRequestError as error:
                self._refuse(error)
                return
            if request is None:
                if self._parser.take_continue():
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self._lifecycle.begin()
            reply = self._answer(request)
            if isinstance(reply, Response):
                try:
                    self._send(request.head, reply)
                finally:
                    self._lifecycle.end(probe=request.head.probe)
            else:
                self._task = self._loop.create_task(self._take_time(request.head, reply))
                self._task.add_done_callback(partial(self._served, request.head))

    def _send(self, head: Head, response: Response) -> None:
        close = self._last(head)
        self._transport.write(self._wire.response(response, close=close, head_only=head.method == "HEAD"))
        if close:
            self.finish()

    def _last(self, head: Head) -> bool:
        """Whether this answer is the last: asked for, or in a drain once no other request waits behind it."""
        return not head.keep_alive or (self._lifecycle.draining.is_set() and self._parser.empty)

    def _refuse(self, error: BadRequestError) -> None:
        body = f"{error.reason}\n".encode()
        response = Response(status=error.status, body=body, content_type="text/plain; charset=utf-8")
        self._transport.write(self._wire.response(response, close=True))
        self.finish()

    async def _take_time(self, head: Head, reply: Later | Streamed) -> None:
        answer: Response | Streamed
        if isinstance(reply, Later):
            await asyncio.sleep(reply.seconds)
            answer = reply.reply
        else:
            answer = reply
        if isinstance(answer, Response):
            self._send(head, answer)
        else:
            await self._stream(head, answer)

    async def _stream(self, head: Head, streamed: Streamed) -> None:
        chunked = head.chunked_client
        close = not chunked or self._last(head)
        unsent = self._wire.stream_head(streamed, chunked=chunked, close=close)
        async for part in streamed.parts:
            self._transport.write(unsent + (chunk(part) if chunked else part))
            unsent = b""
            await self._writable.wait()
        self._transport.write(unsent + (LAST_CHUNK if chunked else b""))
        if close or self._last(head):
            self.finish()

    def _served(self, head: Head, task: asyncio.Task[None]) -> None:
        # Here and not in the task: one that is cancelled before its first step never gets to its own clean-up.
        self._lifecycle.end(probe=head.probe)
        self._task = None
        self._touched = self._loop.time()
        if task.cancelled():
            return
        failure = task.exception()
        if failure is not None:
            self._loop.call_exception_handler({"message": "an answer failed", "exception": failure, "task": task})
            self._transport.abort()
            return
        self._go_on()
