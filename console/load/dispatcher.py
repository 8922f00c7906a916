"""Gives each due request a connection, and each attempt its one outcome."""

from __future__ import annotations

import asyncio
import time
from random import Random
from time import monotonic

from console.load.answer import Answer
from console.load.connection import Connection, Job, OwnFaultError
from console.load.direct_loop import DirectLoop
from console.load.idle_pool import IdlePool
from console.load.tally import NOBODY, Drop, PhaseTally, Tally
from console.load.template import is_idempotent
from console.model.load import Attempt, FailureKind, LoadConfig, NotSent, Retry, Stage

_RETRANSMIT = 0.95
"""Seconds; a connect that takes longer lost its first packet, whose repeat comes after 1 s (RFC 6298 §2.1)."""

_LOOK = 0.25
"""Seconds between looks at what is in flight."""
_HELD_UP = 0.5
"""Seconds that a look comes too late, from which on this process was held up; what it asks may have been frozen too."""

_SERVER_ERROR = 500
_LOST = frozenset({FailureKind.RESET, FailureKind.EOF})
_BEFORE_ANSWER = frozenset({Stage.SEND, Stage.FIRST_BYTE})


class Dispatcher:
    """The connections of a run and what is in flight on them. It is the `Owner` of every connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, config: LoadConfig, job: Job, tally: Tally) -> None:
        self._loop = loop
        self._job = job
        self._tally = tally
        self._timeout = config.timeout
        self._connections = config.connections
        self._max_connections = config.max_connections
        self._fresh_share = config.fresh_share
        self._retries_allowed = is_idempotent(config.method)
        self._draw = Random(config.seed).random  # noqa: S311 - spreads load, guards nothing
        self._idle = IdlePool(loop)
        self._in_flight: dict[Connection, None] = {}
        """In the order in which the attempts began, so that the first one is the first to time out."""
        self._retrying = 0
        self._kept = 0
        self._open = 0
        self._expiry: asyncio.TimerHandle | None = None
        self._expected = 0.0
        """When the next look at what is in flight is due."""
        self._spared_until = float("-inf")
        """Until when no attempt is given up, since this process was held up."""
        self._drained: asyncio.Future[None] | None = None

    @property
    def in_flight(self) -> int:
        """Scheduled requests that have no outcome yet; retries of dropped ones are no further requests."""
        return len(self._in_flight) - self._retrying

    @property
    def open_connections(self) -> int:
        """Connections that are open or opening."""
        return self._open

    def refuse(self, count: int) -> None:
        """So many requests are due that the cap leaves no room for."""
        self._tally.fell_due(count)
        self._tally.gave_up(self._tally.phase, NotSent.CAP, count)

    def begin(self, due: float) -> bool:
        """A request is due: send it, or count why not. False, and nothing is counted, when the cap leaves no room."""
        # Drawn, not counted: every tenth request would always meet the same one of two replicas that take turns.
        pooled = self._draw() >= self._fresh_share
        connection = None
        if pooled and (self._kept >= self._connections or self._open >= self._max_connections):
            connection = self._idle.take()
        if connection is None and self._open >= self._max_connections and not self._idle:
            return False
        now = monotonic()
        tally = self._tally
        phase = tally.phase
        phase.due += 1
        tally.add_lag(now - due)
        if connection is not None:
            connection.due, connection.phase = due, phase
            connection.attempt_started = now
            self._in_flight[connection] = None
            if self._expiry is None:
                self._expire()
            connection.write_request(now)
        else:
            self._begin_anew(phase, due, now, pooled=pooled)
        return True

    def _begin_anew(self, phase: PhaseTally, due: float, now: float, *, pooled: bool) -> None:
        """Send a due request on a connection that is made for it, or count why not."""
        fresh = self._new_connection(phase, due, pooled=pooled)
        if fresh is None:
            self._tally.gave_up(phase, NotSent.CAP)
            return
        try:
            self._launch(fresh, now)
        except OwnFaultError as error:
            self._tally.gave_up(phase, NotSent.PORTS if error.ports else NotSent.DESCRIPTORS)

    async def drain(self) -> None:
        """Wait until nothing is in flight; each attempt's own timeout bounds it."""
        if self._in_flight:
            self._drained = self._loop.create_future()
            await self._drained

    def close(self) -> None:
        """Close every connection, without a word about what is in flight."""
        if self._expiry is not None:
            self._expiry.cancel()
        for connection in (*self._idle, *self._in_flight):
            connection.close()
        self._idle.clear()
        self._in_flight.clear()

    def answered(self, connection: Connection, answer: Answer) -> None:
        """See `Owner.answered`."""
        now = monotonic()
        status, origin = answer.status, answer.origin
        connection.answers += 1
        if connection.retry_of is not None:
            self._settle(connection.phase, connection.retry_of, answer)
        elif status >= _SERVER_ERROR and self._tally.is_drop(status):
            self._drop(connection, FailureKind.STATUS, Stage.RESPONSE, answer, "")
        else:
            phase = connection.phase
            group = phase.groups.get(origin) or phase.group(origin)
            group.wanted[status] = group.wanted.get(status, 0) + 1
            group.add_latency(now - connection.due)
            group.add_service(now - connection.attempt_started)
        connection.origin = origin
        room = self._kept <= self._connections or len(self._idle) < self._connections
        if answer.reusable and connection.keep and room:
            self._idle.add(connection)
        else:
            connection.close()
            self._forget(connection)
        if connection.retry_of is None and self._drained is None:
            del self._in_flight[connection]  # `_land` without a call: this is the way of nearly every answer
        else:
            self._land(connection)

    def failed(self, connection: Connection, kind: FailureKind, stage: Stage, detail: str) -> None:
        """See `Owner.failed`."""
        self._forget(connection)
        drop = connection.retry_of
        if drop is not None:
            attempt = Attempt(kind=kind, stage=stage, reused=False, retry=True)
            self._tally.failed(connection.phase, attempt, connection.origin_so_far, None)
            self._tally.list_failure(drop.settled(Retry.FAILED))
        else:
            self._drop(connection, kind, stage, None, detail)
        self._land(connection)

    def connected(self, connection: Connection) -> None:
        """See `Owner.connected`."""
        if monotonic() - connection.attempt_started >= _RETRANSMIT:
            self._tally.slow_connects += 1

    def went_stale(self, connection: Connection) -> None:
        """See `Owner.went_stale`."""
        self._tally.stale += 1
        self._leave_pool(connection)

    def spoke_unasked(self, connection: Connection, count: int) -> None:
        """See `Owner.spoke_unasked`."""
        self._leave_pool(connection)
        tally = self._tally
        attempt = Attempt(kind=FailureKind.BAD_RESPONSE, stage=Stage.IDLE, reused=True)
        tally.unasked(attempt)
        stray = Drop(
            at=time.time(),
            phase=tally.phase,
            attempt=attempt,
            status=None,
            age=monotonic() - connection.request_written,
            origin=NOBODY,
            last_release=connection.origin[0],
            detail=f"{count} bytes that nobody asked for, on an idle connection",
        )
        tally.list_failure(stray.settled(Retry.NOT_ALLOWED))

    def _drop(
        self, connection: Connection, kind: FailureKind, stage: Stage, answer: Answer | None, detail: str
    ) -> None:
        """A scheduled request is lost: count it, and see whether a browser's one retry would have hidden that."""
        status = answer.status if answer else None
        reused = connection.answers > (1 if answer else 0)
        attempt = Attempt(kind=kind, stage=stage, reused=reused)
        origin = self._tally.failed(
            connection.phase, attempt, answer.origin if answer else connection.origin_so_far, status
        )
        drop = Drop(
            at=time.time(),
            phase=connection.phase,
            attempt=attempt,
            status=status,
            age=monotonic() - (connection.request_written or connection.attempt_started),
            origin=origin,
            last_release=connection.origin[0],
            detail=detail,
        )
        retryable = self._retries_allowed and reused and kind in _LOST and stage in _BEFORE_ANSWER
        if retryable:
            self._retry(drop)
        else:
            self._tally.list_failure(drop.settled(Retry.NOT_ALLOWED))

    def _retry(self, drop: Drop) -> None:
        """Send it once more on a connection of its own (RFC 9110 §9.2.2: idempotent, lost before any answer)."""
        connection = self._new_connection(drop.phase, 0.0, pooled=False)
        if connection is not None:
            connection.retry_of = drop
            self._tally.retries += 1
            self._retrying += 1
            try:
                self._launch(connection, monotonic())
            except OwnFaultError:
                self._tally.retries -= 1
                self._retrying -= 1
            else:
                return
        self._tally.list_failure(drop.settled(Retry.FAILED))

    def _settle(self, phase: PhaseTally, drop: Drop, answer: Answer) -> None:
        """The one retry got a complete answer."""
        tally = self._tally
        recovered = not tally.is_drop(answer.status)
        if recovered:
            tally.recovered(phase, answer.status, answer.origin, drop.origin)
        else:
            attempt = Attempt(kind=FailureKind.STATUS, stage=Stage.RESPONSE, reused=False, retry=True)
            tally.failed(phase, attempt, answer.origin, answer.status)
        tally.list_failure(drop.settled(Retry.RECOVERED if recovered else Retry.FAILED))

    def _new_connection(self, phase: PhaseTally, due: float, *, pooled: bool) -> Connection | None:
        """A connection for one attempt; None when the cap leaves no room, even after closing an idle one."""
        if self._open >= self._max_connections:
            oldest = self._idle.take_oldest()
            if oldest is None:
                return None
            oldest.close()
            self._forget(oldest)
        connection = Connection(self._loop, self, self._job)
        connection.keep = connection.pooled = pooled
        connection.phase, connection.due = phase, due
        return connection

    def _launch(self, connection: Connection, now: float) -> None:
        """Connect and send. Raises `OwnFaultError` when that can't even be tried; nothing is in flight then."""
        self._open += 1
        self._kept += connection.pooled
        self._in_flight[connection] = None
        try:
            connection.connect(now)
        except OwnFaultError:
            self._forget(connection)
            del self._in_flight[connection]
            raise
        self._tally.opened += 1
        if self._expiry is None:
            self._expire()

    def _forget(self, connection: Connection) -> None:
        self._open -= 1
        self._kept -= connection.pooled

    def _leave_pool(self, connection: Connection) -> None:
        self._idle.remove(connection)
        self._forget(connection)

    def _land(self, connection: Connection) -> None:
        del self._in_flight[connection]
        if connection.retry_of is not None:
            connection.retry_of = None
            self._retrying -= 1
        if self._drained is not None and not self._in_flight and not self._drained.done():
            self._drained.set_result(None)

    def _on_expiry(self) -> None:
        # What lies in a socket by now was there in time to be read, however late this process is.
        if isinstance(self._loop, DirectLoop):
            self._loop.direct.look()
        now = monotonic()
        # What was frozen with it gets the time anew that it had. But not over and over: that would be no time limit.
        if now > self._expected + _HELD_UP and now > self._spared_until + self._timeout:
            self._spared_until = now + self._timeout
        self._expire()

    def _expire(self) -> None:
        """End the attempts that took too long, and look again when the next one would."""
        self._expiry = None
        now = monotonic()
        late: list[Connection] = []
        for connection in self._in_flight:
            left = max(connection.attempt_started + self._timeout, self._spared_until) - now
            if left > 0:
                pause = min(left, _LOOK)
                self._expected = now + pause
                self._expiry = self._loop.call_later(pause, self._on_expiry)
                break
            late.append(connection)
        for connection in late:
            connection.give_up()
