"""One stack, observed for as long as somebody looks: pushed events, a slow poll, and a view whenever it changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from console.model.errors import RolloutError
from console.model.events import (
    ColorRetired,
    CutoverSeen,
    Record,
    ReleaseFound,
    ReleaseServed,
    RolloutFinished,
    StandbyKept,
)
from console.model.spec import Spec
from console.observe.follow import Added, JournalFollower
from console.observe.scene import Scene
from console.observe.sources import History, Pace, Sources
from console.observe.stats import sweep
from console.observe.trigger import Backoff, Trigger
from console.observe.view import Source, StackView
from console.ports.runtime import ReplicaChanged

Tell = Callable[[StackView], None]
Hear = Callable[[Added], None]

_TELLING = (ReleaseServed, ReleaseFound, StandbyKept, ColorRetired, CutoverSeen, RolloutFinished)
"""Records that change the history or the standby."""


def _ignore(_: Added) -> None:
    """Nobody wants the records."""


class StackObserver:
    """Looks at one stack and tells when something changed.

    Everything happens on the loop that `run` runs on; the ports must belong to it. Nothing is ever changed.

    Args:
        spec: the stack.
        sources: its ports; see `Sources`.
        history: how the journal is read; see `History`.
        pace: how often to look.
    """

    def __init__(self, spec: Spec, sources: Sources, history: History, *, pace: Pace | None = None) -> None:
        self.spec = spec
        self._sources = sources
        self._pace = pace or Pace()
        self._clock = sources.clock
        self._scene = Scene(sources.clock)
        self._follower = JournalFollower(sources.journal)
        self._history = history
        self._history_is_old = False
        self._hear: Hear | None = None
        self._news = Trigger(self._clock)
        self._look_at_replicas = Trigger(self._clock)
        self._look_at_proxy = Trigger(self._clock)
        self._look_at_state = Trigger(self._clock)
        self._open_stream = Trigger(self._clock)
        self._stream: asyncio.Timeout | None = None
        self._settling = False

    @property
    def view(self) -> StackView:
        """Everything as it is known now, also between changes: for ages, and for whoever comes later."""
        return self._scene.view()

    def look(self) -> None:
        """Look at everything that may have changed at once; for right after something was done by hand."""
        self._look_at_replicas.pull()
        self._look_at_proxy.pull()
        self._look_at_state.pull()

    def notice(self, record: Record) -> None:
        """A record of this process's own session, from `Session.subscribe`: it is shown without waiting for a look.

        Only this way does the view learn what a step waits for, and what a full disk kept out of the journal.
        """
        if self._hear is None:
            return
        self._follow_journal(self._hear)
        if record.sequence == 0:
            self._scene.saw_progress(record)
        self._look_at_state.pull()
        self._news.pull()

    async def run(self, tell: Tell, *, hear: Hear = _ignore) -> None:
        """Observe until cancelled; then everything is closed at once.

        An engine or a proxy that is gone ends nothing: the view says so, and it is tried again, slower each time.

        Args:
            tell: called with a view whenever it shows something else than the last one, at most `Pace.views` times a
                second. Must neither block nor raise.
            hear: called with what was added to the journal, every record once: first with all there are. The same
                rules.
        """
        self._hear = hear
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(tell))
                group.create_task(self._follow_state(hear))
                group.create_task(self._follow_events())
                group.create_task(self._follow_replicas())
                group.create_task(self._follow_proxy())
                group.create_task(self._follow_stats())
        finally:
            self._hear = None

    async def _tell(self, tell: Tell) -> None:
        told: StackView | None = None
        while True:
            await self._news.wait()
            view = self._scene.view()
            if told is None or not view.shows_the_same(told):
                told = view
                tell(view)
            await self._clock.sleep(1 / self._pace.views)

    async def _follow_events(self) -> None:
        """Hear of every event.

        The adapter mends a stream that breaks, but tells nobody: when the engine is gone the stream is opened anew
        here, which shows at once whether it is back.
        """
        backoff = self._backoff()
        while True:
            try:
                async with self._sources.runtime.changes() as changes, asyncio.timeout(None) as self._stream:
                    backoff.worked()
                    self._scene.saw(Source.EVENTS)
                    self._look_at_replicas.pull()  # whatever happened before it was open
                    self._news.pull()
                    await self._read(changes)
                self._scene.lost(Source.EVENTS, "the stream of events ended")
            except TimeoutError:
                self._scene.lost(Source.EVENTS, "the stream of events is opened again")
            except (RolloutError, OSError) as error:
                self._lost(Source.EVENTS, error)
            finally:
                self._stream = None
            self._news.pull()
            await self._open_stream.wait(backoff.failed())

    async def _read(self, changes: AsyncIterator[ReplicaChanged]) -> None:
        async for change in changes:
            self._scene.heard(change)
            self._settling = True
            self._look_at_replicas.pull()
            self._look_at_proxy.pull()
            self._news.pull()

    async def _follow_replicas(self) -> None:
        """Look after every event, and now and then without one."""
        backoff, pace = self._backoff(), self._pace
        while True:
            began = self._clock.monotonic()
            settling, self._settling = self._settling, False
            seeing = self._scene.sees(Source.CONTAINERS)
            try:
                async with asyncio.timeout(pace.deadline):
                    self._scene.saw_replicas(await self._sources.runtime.replicas())
                if not seeing:
                    self._open_stream.pull()
                    self._look_at_proxy.pull()
                backoff.worked()
                took = self._clock.monotonic() - began
                rest = max(pace.replicas, took / pace.look_share)
                rest = min(rest, pace.settle) if settling else rest
            except (RolloutError, OSError) as error:
                self._lost(Source.CONTAINERS, error, pace.deadline)
                if seeing and self._stream is not None:
                    self._stream.reschedule(asyncio.get_running_loop().time())
                took, rest = 0.0, backoff.failed()
            self._news.pull()
            await self._clock.sleep(max(pace.gap, took))
            await self._look_at_replicas.wait(rest)

    async def _follow_proxy(self) -> None:
        """Look at the upstream all the time: nobody tells when it changes."""
        pace, known = self._pace, ""
        backoff = self._backoff()
        while True:
            began = self._clock.monotonic()
            seeing = self._scene.sees(Source.PROXY)
            live = None
            try:
                async with asyncio.timeout(pace.proxy_deadline):
                    upstream = await self._sources.proxy.observe()
                live = upstream.live
                self._read_recorded()
                stranger = self._scene.saw_upstream(upstream)
                if stranger and live is not None and live.served != known:
                    self._look_at_replicas.pull()
                known = (live.served if live else None) or known
            except (RolloutError, OSError) as error:
                self._lost(Source.PROXY, error, pace.proxy_deadline)
            if seeing and not self._scene.sees(Source.PROXY):
                self._look_at_replicas.pull()  # is it the proxy alone, or the engine too?
            if live is None:
                rest = max(pace.proxy_rolling, backoff.failed())
            else:
                backoff.worked()
                rest = pace.proxy_rolling if self._scene.rolling or self._scene.unsettled else pace.proxy
            self._news.pull()
            await self._clock.sleep(max(pace.gap, self._clock.monotonic() - began))
            await self._look_at_proxy.wait(rest)

    async def _follow_state(self, hear: Hear) -> None:
        """Look at what is remembered: the lock before the journal, since a rollout takes the lock first."""
        while True:
            rolling, before = self._scene.rolling, self._scene.remembered
            try:
                self._scene.saw_lock(self._sources.lock.holder())
                added = self._follow_journal(hear)
                suspect = 0 if self._scene.rolling else self._scene.unfinished
                if suspect:
                    # It may have begun after the look at the lock, or ended after the one at the journal.
                    self._scene.saw_lock(self._sources.lock.holder())
                    added = self._follow_journal(hear)
                self._scene.judge_unfinished(suspect)
                if added.problem:
                    self._scene.lost(Source.STATE, added.problem)
                elif self._read_recorded():
                    self._read_history()
                    self._scene.saw(Source.STATE)
            except OSError as error:
                self._lost(Source.STATE, error)
            if rolling != self._scene.rolling:
                self._look_at_proxy.pull()
            if before != self._scene.remembered:  # four looks a second: most of them find nothing new
                self._news.pull()
            await self._look_at_state.wait(self._pace.state)

    def _follow_journal(self, hear: Hear) -> Added:
        added = self._follower.look()
        if added.records or added.anew:
            self._scene.saw_records(added)
            self._look_at_proxy.pull()
        if added.anew or any(isinstance(record.event, _TELLING) for record in added.records):
            self._history_is_old = True
        if not added.silent:
            hear(added)
        return added

    def _read_history(self) -> None:
        """Read the releases and the standby when they may have changed. Raises `OSError`; they are then read later."""
        if self._history_is_old:
            journal = self._sources.journal
            self._scene.saw_history(self._history.releases(journal), self._history.standby(journal))
            self._history_is_old = False

    def _read_recorded(self) -> bool:
        """Look at the recorded color; whether it could be read."""
        try:
            self._scene.saw_recorded(self._sources.active.read())
        except OSError as error:
            self._lost(Source.STATE, error)
            return False
        return True

    async def _follow_stats(self) -> None:
        """Sweep over the running replicas; the next sweep waits for this one."""
        pace = self._pace
        while True:
            began = self._clock.monotonic()
            running = self._scene.running
            if running and self._scene.sees(Source.CONTAINERS):
                try:
                    async with asyncio.timeout(pace.sweep_deadline):
                        self._scene.saw_usage(await sweep(self._sources.runtime, running, concurrency=pace.concurrency))
                except (RolloutError, OSError) as error:
                    self._lost(Source.STATS, error, pace.sweep_deadline)
                    self._look_at_replicas.pull()  # is it the statistics alone?
                self._news.pull()
            took = self._clock.monotonic() - began
            await self._clock.sleep(max(pace.stats, took / pace.stats_share) - took)

    def _backoff(self) -> Backoff:
        return Backoff(self._pace.backoff, self._pace.longest_backoff)

    def _lost(self, source: Source, error: RolloutError | OSError, deadline: float = 0.0) -> None:
        if isinstance(error, RolloutError):
            self._scene.lost(source, str(error), error.next_command)
        elif isinstance(error, TimeoutError) and deadline:
            self._scene.lost(source, f"no answer within {deadline:g} s")
        else:
            self._scene.lost(source, str(error))
