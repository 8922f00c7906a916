"""The load generator as a process of its own.

It reads its configuration as the first line of standard input, then commands; it writes messages to standard output.
Both are lines of JSON (`console.model.load_wire`). It ends when told to, when its time is up, or when a pipe breaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import select
import signal
import sys
import time

from console.load.channel import Incoming, Outgoing
from console.load.direct_loop import DirectLoop
from console.load.generator import Generator
from console.load.starter import Starter
from console.load.target import TargetError, resolve
from console.model.load import Command, LoadConfig, Message, PhaseStamped, Refused, SetRate, Started, Stop
from console.model.load_wire import WireError, decode_command, decode_config

_CONFIG_DEADLINE = 10.0
_LOOK = 0.5
_BEHIND = 60
"""Looks (30 s) that the end waits for a reader that is behind. Counted in looks rather than seconds: a generator that
was itself held up finds out late what was taken meanwhile."""
_LONGEST_WAIT = 7200
"""Looks (1 h) that it waits for a reader that is stopped, and reads on once it goes on."""

_COLLECTED_AFTER = 20_000
"""Objects more than before, until the garbage collector looks for cycles: by itself it would 50 times a second."""

_REFUSED_CODE = 78
_BROKEN_CODE = 1


class _Process:
    """Ties the pipes to one run."""

    def __init__(self, loop: asyncio.AbstractEventLoop, loop_name: str) -> None:
        self._loop = loop
        self._loop_name = loop_name
        self._config: asyncio.Future[LoadConfig] = loop.create_future()
        self._generator: Generator | None = None
        self._early: list[Command] = []
        """Commands that came before there was anything to command."""
        self._run: asyncio.Task[int] | None = None
        self._terminated = False
        self._over = False
        """All requests have come to an end; only the reader is waited for."""
        self._starter = Starter(os.getppid())
        self._outgoing = Outgoing(loop, sys.stdout.fileno(), broken=self._parent_gone)
        self._incoming = Incoming(loop, sys.stdin.fileno(), line=self._line, closed=self._parent_gone)

    async def main(self) -> int:
        """Run to the end; returns the exit code."""
        self._run = self._loop.create_task(self._whole())
        self._loop.add_signal_handler(signal.SIGTERM, self._terminate)
        try:
            await asyncio.wait({self._run})
            return _BROKEN_CODE if self._run.cancelled() else self._run.result()
        finally:
            self._incoming.close()
            self._starter.close()

    async def _whole(self) -> int:
        last: Message
        try:
            async with asyncio.timeout(_CONFIG_DEADLINE):
                config = await self._config
            target = await asyncio.to_thread(resolve, config)
            generator = Generator(self._loop, config, target, self._outgoing, self._starter)
            self._outgoing.write(
                Started(url=config.url, address=target.text, pid=os.getpid(), at=time.time(), loop=self._loop_name)
            )
            # What exists by now lives until the end: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            # What a request makes goes without it too; it only has to find the rare cycle of an exception.
            gc.set_threshold(_COLLECTED_AFTER)
            for command in self._early:
                self._obey(generator, command)
            generator.begin()
            self._generator = generator
            last = await generator.run()
            code = 0
        except (TargetError, WireError) as error:
            last, code = Refused(problem=str(error)), _REFUSED_CODE
        except TimeoutError:
            last, code = Refused(problem=f"no configuration came within {_CONFIG_DEADLINE:g} s"), _REFUSED_CODE
        self._over = True
        self._outgoing.write(last)
        return code if await self._taken() else _BROKEN_CODE

    async def _taken(self) -> bool:
        """Wait until the reader has taken everything; whether it has."""
        left = _BEHIND
        for _ in range(_LONGEST_WAIT):
            if await self._outgoing.drain(_LOOK):
                return True
            waits_for_good_reason = self._starter.stopped() and not self._terminated
            left = _BEHIND if waits_for_good_reason else left - 1
            if not left:
                break
        return False

    def _line(self, line: bytes) -> None:
        if not self._config.done():
            try:
                self._config.set_result(decode_config(line))
            except WireError as error:
                self._config.set_exception(error)
            return
        try:
            command = decode_command(line)
        except WireError as error:
            print(f"load: {error}", file=sys.stderr)  # noqa: T201 - the supervisor reads it as the reason, if it matters
            return
        if self._generator is None:
            self._early.append(command)
        else:
            self._obey(self._generator, command)

    def _obey(self, generator: Generator, command: Command) -> None:
        if isinstance(command, Stop):
            generator.stop()
        elif isinstance(command, SetRate):
            generator.set_rate(command.rate)
        else:
            generator.enter_phase(command.phase)
            self._outgoing.write(PhaseStamped(phase=command.phase, at=time.time()))

    def _terminate(self) -> None:
        """End the load as when told to; where it is over, or never began, end at once."""
        self._terminated = True
        if self._generator is not None and not self._over:
            self._generator.stop()
        elif self._run is not None:
            self._run.cancel()

    def _parent_gone(self) -> None:
        """Nobody reads or asks any more: load without a supervisor must not go on."""
        if self._run is not None:
            self._run.cancel()


def _make_loop() -> tuple[asyncio.AbstractEventLoop, str]:
    if hasattr(select, "epoll"):
        return DirectLoop(), "epoll"
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - an optional extra

        return uvloop.new_event_loop(), "uvloop"
    return asyncio.new_event_loop(), "asyncio"


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # macOS refuses values that it reports itself
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Entry point of `python -m console.load`."""
    _raise_descriptor_limit()
    loop, name = _make_loop()
    try:
        return loop.run_until_complete(_Process(loop, name).main())
    finally:
        loop.close()


if __name__ == "__main__":
    sys.exit(main())
