"""The load generator under supervision: its commands and its numbers.

It is never restarted: a generator that died or went silent is *no data*, with its reason.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Self, assert_never

from console.adapters.awake import keep_awake_time
from console.adapters.load_child import LoadChild
from console.model.errors import RolloutError, RuntimeFailedError, UsageError
from console.model.load import (
    MAX_DURATION,
    Command,
    EndReason,
    LoadConfig,
    Message,
    PhaseStamped,
    Refused,
    SetPhase,
    SetRate,
    Snapshot,
    Started,
    Stop,
    Summary,
)
from console.model.load_totals import LoadSum
from console.model.load_wire import WireError, decode_message, encode
from console.ports.load import LoadCounts

_START_DEADLINE = 15.0
_ACKNOWLEDGE_DEADLINE = 1.0
_END_DEADLINE = 5.0
"""Seconds to wait beyond what the requests in flight may take."""
_BACKLOG = 600
"""Snapshots that wait for a slow reader: a minute of them."""
_LOOK = 0.5
_SILENCE = 4
"""Looks without a word (2 s) until the generator counts as stalled. Counted in looks rather than seconds: a reader that
was itself held up finds the words waiting."""
_STALLED_GRACE = 2
"""Looks (1 s) that a stalled generator gets to obey a stop; it owes a snapshot every tenth of a second."""
_HELP = "rollout load --help"
_CUT_OFF = "the load was ended at once, before the generator could sum up"


class LoadSupervisor:
    """Runs one load generator. It is an asynchronous context manager: leaving it ends the generator.

    All coroutines belong to one event loop. It implements `console.ports.load.LoadRun`.
    """

    def __init__(self, config: LoadConfig, *, check: Callable[[], None] | None = None) -> None:
        """`check` is called in a thread before anything is started, and raises why it may not be."""
        self._config = config
        self._check = check
        self._child: LoadChild | None = None
        self._reading: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._started: asyncio.Future[Started] | None = None
        self._stamped: dict[str, asyncio.Event] = {}
        self._stamped_after: dict[str, int] = {}
        """Phase that was confirmed -> the number of the snapshot before."""
        self._readers: list[asyncio.Queue[Snapshot | None]] = []
        self._silent_looks = 0
        self._problem = "the load generator has not been started"
        self._told = False
        self._why_ended = ""
        self._ended = asyncio.Event()
        self.sum = LoadSum()
        """Everything reported so far, added up."""
        self.latest: Snapshot | None = None
        """The last snapshot; None before the first."""
        self.summary: Summary | None = None
        """The generator's own account of the whole run; None until it has ended by itself."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The generator's process id; None before it is started."""
        return self._child.pid if self._child else None

    @property
    def problem(self) -> str:
        """Why there are no (more) numbers; empty while they come."""
        if self._problem:
            return self._problem
        if self._silent_looks >= _SILENCE:
            return _silence(self._silent_looks)
        return ""

    @property
    def _number(self) -> int:
        return self.latest.sequence if self.latest else 0

    async def start(self) -> Started:
        """As `LoadRun.start`. Once. Cancelling it ends the generator."""
        loop = asyncio.get_running_loop()
        keep_awake_time(loop)
        if self._check is not None:
            await asyncio.to_thread(self._check)
        self._started = loop.create_future()
        try:
            child = self._child = await LoadChild.spawn()
        except OSError as error:
            raise _not_started(str(error)) from error
        self._problem = ""
        self._reading = loop.create_task(self._read(child))
        self._tasks = [self._reading, loop.create_task(child.listen()), loop.create_task(self._watch())]
        try:
            child.send(encode(self._config))
            async with asyncio.timeout(_START_DEADLINE):
                return await self._started
        except TimeoutError as error:
            await self.close()
            raise _not_started(f"it said nothing within {_START_DEADLINE:g} s") from error
        except (RolloutError, asyncio.CancelledError):
            await self.close()
            raise

    def counts(self) -> LoadCounts:
        """As `Load.counts`."""
        totals = self.sum.totals
        return LoadCounts(
            due=totals.due,
            done=totals.done,
            dropped=totals.dropped,
            not_sent=totals.not_sent,
            alive=not self.problem,
            problem=self.problem,
            unexpected=totals.unexpected,
            recovered=totals.recovered,
            snapshot=self._number,
            elapsed=self.latest.elapsed if self.latest else 0.0,
            ended=self._why_ended,
        )

    def counts_in(self, phase: str) -> LoadCounts:
        """As `Load.counts_in`."""
        planned = [counts for counts in self.sum.phases if counts.phase == phase]
        outcomes = self.sum.outcomes(phase)
        return LoadCounts(
            due=sum(counts.due for counts in planned),
            done=outcomes.ok + outcomes.unexpected + outcomes.dropped,
            dropped=outcomes.dropped,
            not_sent=sum(sum(counts.not_sent.values()) for counts in planned),
            alive=not self.problem,
            problem=self.problem,
            unexpected=outcomes.unexpected,
            recovered=outcomes.recovered,
            snapshot=self._number,
            elapsed=self.latest.elapsed if self.latest else 0.0,
            ended=self._why_ended,
        )

    async def phase(self, name: str) -> int | None:
        """As `Load.phase`; returns once the generator has confirmed it, or after a second without an answer."""
        stamped = self._stamped.setdefault(name, asyncio.Event())
        stamped.clear()
        self._stamped_after.pop(name, None)
        if self._command(SetPhase(phase=name)):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ACKNOWLEDGE_DEADLINE):
                    await stamped.wait()
        return self._stamped_after.get(name)

    async def rate(self, rate: float) -> None:
        """As `LoadRun.rate`."""
        self._command(SetRate(rate=rate))

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """As `LoadRun.snapshots`."""
        queue: asyncio.Queue[Snapshot | None] = asyncio.Queue()
        if self._ended.is_set():
            queue.put_nowait(None)
        self._readers.append(queue)
        return _each(queue, self._readers)

    async def wait(self) -> Summary | None:
        """Wait until the generator ends by itself; the summary, or None when it gave none."""
        await self._ended.wait()
        return self.summary

    async def stop(self) -> Summary | None:
        """As `LoadRun.stop`."""
        told = self._command(Stop())
        self._told = self._told or told
        await self._close_for(await self._obeyed() if told else _CUT_OFF)
        return self.summary

    async def close(self) -> None:
        """As `LoadRun.close`; bounded, and not interrupted by being cancelled."""
        await self._close_for(_CUT_OFF)

    async def _obeyed(self) -> str:
        """Wait for the end that was asked for, as long as the generator shows that it works on it.

        Returns:
            Why it is waited for no longer.
        """
        # An attempt and its retry may each take the whole timeout.
        patience = 2 * self._config.timeout + _END_DEADLINE
        end = asyncio.get_running_loop().time() + patience
        stalled = 0
        while not self._ended.is_set() and (left := end - asyncio.get_running_loop().time()) > 0:
            if stalled > _STALLED_GRACE:
                return f"{_silence(self._silent_looks)} and did not end when told to: it stalled, and was ended"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(_LOOK, left)):
                    await self._ended.wait()
            stalled = stalled + 1 if self._silent_looks >= _SILENCE else 0
        return f"the load generator did not end within {patience:g} s of being told to, and was ended"

    async def _close_for(self, reason: str) -> None:
        await asyncio.shield(asyncio.ensure_future(self._close(reason)))

    async def _close(self, reason: str) -> None:
        if self._child is not None:
            await self._child.kill(reason)
        if self._reading is not None:
            # What the generator had written by its end is still to be taken in.
            await asyncio.wait({self._reading}, timeout=_END_DEADLINE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _command(self, command: Command) -> bool:
        """Send a command; whether there was anybody to send it to."""
        return self._child is not None and not self._ended.is_set() and self._child.send(encode(command))

    async def _read(self, child: LoadChild) -> None:
        """Take every message until the generator's output ends, and say why it ended."""
        try:
            await child.read(self._heard)
            self._problem = f"the load ended: {self._why_ended}" if self.summary else await child.obituary()
        except (WireError, ValueError, OSError) as error:
            self._problem = f"the load generator's output can't be read: {error}"
        finally:
            self._problem = self._problem or "the load generator was abandoned"
            self._ended.set()
            self._fail_start(_not_started(self._problem))
            for queue in self._readers:
                queue.put_nowait(None)
            for stamped in self._stamped.values():
                stamped.set()

    def _heard(self, line: bytes) -> None:
        self._silent_looks = 0
        self._take(decode_message(line))

    def _take(self, message: Message) -> None:
        match message:
            case Snapshot():
                self._publish(message)
            case PhaseStamped():
                self._stamped_after[message.phase] = self._number
                self._stamped.setdefault(message.phase, asyncio.Event()).set()
            case Started():
                if self._started is not None and not self._started.done():
                    self._started.set_result(message)
            case Refused():
                self._fail_start(
                    UsageError("start the load", message.problem, now="nothing was sent", next_command=_HELP)
                )
            case Summary():
                self.summary = message

    def _publish(self, snapshot: Snapshot) -> None:
        self.sum.add(snapshot)
        self.latest = snapshot
        if snapshot.ended is not None and not self._why_ended:
            self._why_ended = _why_ended(snapshot.ended, told=self._told)
        for queue in self._readers:
            if queue.qsize() >= _BACKLOG:
                queue.get_nowait()
            queue.put_nowait(snapshot)

    def _fail_start(self, error: RolloutError) -> None:
        if self._started is not None and not self._started.done():
            self._started.set_exception(error)

    async def _watch(self) -> None:
        """Count how often nothing was heard."""
        while not self._ended.is_set():
            await asyncio.sleep(_LOOK)
            self._silent_looks += 1


async def _each(
    queue: asyncio.Queue[Snapshot | None], readers: list[asyncio.Queue[Snapshot | None]]
) -> AsyncIterator[Snapshot]:
    """What comes in the queue of one of the readers, up to its end."""
    try:
        while (snapshot := await queue.get()) is not None:
            yield snapshot
    finally:
        readers.remove(queue)


def _why_ended(reason: EndReason, *, told: bool) -> str:
    match reason:
        case EndReason.STOPPED:
            return "it was told to stop" if told else "somebody ended the generator (SIGTERM)"
        case EndReason.DURATION:
            return "its time was over"
        case EndReason.BOUND:
            return f"it has run for {MAX_DURATION / 3600:.0f} h, the bound of every load"
        case _ as never:
            assert_never(never)


def _silence(looks: int) -> str:
    return f"the load generator has said nothing for {looks * _LOOK:.0f} s"


def _not_started(found: str) -> RuntimeFailedError:
    return RuntimeFailedError("start the load generator", found, now="nothing was sent", next_command=_HELP)
