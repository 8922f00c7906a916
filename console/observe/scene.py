"""What is known of a stack between looks, and the view that follows from it. No waiting and no asking here."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from console.model.color import Color
from console.model.events import Record, StandbyKept
from console.model.observed import Live, Observed, Replica, UpstreamObserved
from console.model.release import Release
from console.observe.fold import fold, follow
from console.observe.follow import Added
from console.observe.rollout import RolloutView
from console.observe.view import Drift, News, Sight, Source, StackView, Standby, Usage
from console.ports.clock import Clock
from console.ports.journal import LockLabel
from console.ports.runtime import ReplicaChanged, ReplicaStats

KEPT_NEWS = 50
_MIB = 1 << 20


class Scene:
    """The latest of everything. Every `saw_` and `lost` says what one look found; `view` puts it together."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sights = {source: Sight() for source in Source}
        self._replicas: tuple[Replica, ...] = ()
        self._upstream = UpstreamObserved(configured=None, live=None)
        self._last_live: Live | None = None
        self._recorded: Color | None = None
        self._usage: dict[str, Usage] = {}
        self._lock: LockLabel | None = None
        self._releases: tuple[Release, ...] = ()
        self._standby: Standby | None = None
        self._rollout: RolloutView | None = None
        self._abandoned = False
        self._disagreed = ""
        """Since when they disagree, by the looks at the proxy; empty when they agree."""
        self._drift: Drift | None = None
        self._news: deque[News] = deque(maxlen=KEPT_NEWS)
        self._happened = 0

    @property
    def rolling(self) -> bool:
        """Whether somebody holds the lock."""
        return self._lock is not None

    @property
    def unsettled(self) -> bool:
        """Whether a look at the proxy found a disagreement that the next one has to confirm."""
        return bool(self._disagreed) and self._drift is None

    @property
    def running(self) -> tuple[Replica, ...]:
        """The replicas that ran when they were last seen."""
        return tuple(replica for replica in self._replicas if replica.running)

    @property
    def remembered(self) -> tuple[object, ...]:
        """What looks at the state lead to: equal as long as those find nothing new."""
        parts = (self._recorded, self._lock, self._rollout, self._abandoned, self._drift, self._releases, self._standby)
        return (*parts, self._sights[Source.STATE])

    def sees(self, source: Source) -> bool:
        """Whether a source was seen, and is not out of sight now."""
        sight = self._sights[source]
        return sight.ever and not sight.problem

    def saw(self, source: Source) -> None:
        """A source was seen."""
        self._sights[source] = Sight(seen=self._clock.monotonic())

    def lost(self, source: Source, problem: str, next_command: str = "") -> None:
        """A source can't be seen; since when is since the first time in a row."""
        before = self._sights[source]
        since = before.since or self._clock.now()
        self._sights[source] = replace(before, problem=problem, next_command=next_command, since=since)

    def saw_replicas(self, replicas: tuple[Replica, ...]) -> None:
        """A look at the replicas."""
        self._replicas = replicas
        running = {replica.id for replica in self.running}
        self._usage = {name: use for name, use in self._usage.items() if name in running}
        names = {replica.id: replica.name for replica in replicas}
        for place, news in enumerate(self._news):
            name = names.get(news.id, news.replica)
            if name != news.replica:  # an event about a new replica comes before the first look at it
                self._news[place] = replace(news, replica=name)
        self.saw(Source.CONTAINERS)

    def saw_recorded(self, recorded: Color | None) -> None:
        """A look at the recorded color."""
        self._recorded = recorded

    def saw_upstream(self, upstream: UpstreamObserved) -> bool:
        """A look at the proxy, after one at the recorded color.

        Returns whether an address answered that belongs to no replica as they are known here.
        """
        self._upstream = upstream
        if upstream.live is not None:
            self._last_live = upstream.live
            self.saw(Source.PROXY)
        if upstream.problem or upstream.live is None:
            self.lost(Source.PROXY, upstream.problem or "the proxy does not answer")
        self._judge()
        observed = self._observed
        return upstream.live is not None and upstream.live.served is not None and observed.served is None

    def saw_usage(self, found: Mapping[str, ReplicaStats]) -> None:
        """A sweep over what the replicas use."""
        at = self._clock.monotonic()
        running = {replica.id for replica in self.running}
        self._usage = {
            name: Usage(
                cpu_percent=None if use.cpu_percent is None else round(use.cpu_percent, 1),
                memory_bytes=round(use.memory_bytes / _MIB) * _MIB,
                at=at,
            )
            for name, use in found.items()
            if name in running
        }
        self.saw(Source.STATS)

    def saw_lock(self, lock: LockLabel | None) -> None:
        """A look at the lock."""
        if lock is None and self._lock is not None:
            # What disagreed while the rollout moved things is no drift: two looks from now on have to find it.
            self._disagreed, self._drift = "", None
        self._lock = lock
        if self._drift is not None:
            self._drift = replace(self._drift, moving=self.rolling)

    def saw_records(self, added: Added) -> None:
        """A look at the journal, after the one at the lock."""
        if added.anew:
            self._rollout = fold(added.records)
        else:
            for record in added.records:
                self._rollout = follow(self._rollout, record)

    def saw_history(self, releases: tuple[Release, ...], kept: Record | None) -> None:
        """What the journal says of the releases that served, and of the warm standby."""
        self._releases = releases
        self._standby = (
            Standby(color=kept.event.color, since=kept.at, keep=kept.event.seconds)
            if kept is not None and isinstance(kept.event, StandbyKept)
            else None
        )

    def saw_progress(self, record: Record) -> None:
        """A record that is in no journal."""
        self._rollout = follow(self._rollout, record)

    @property
    def unfinished(self) -> int:
        """The number of the newest rollout when it has no end in the journal; else 0."""
        return 0 if self._rollout is None or self._rollout.over else self._rollout.number

    def judge_unfinished(self, suspect: int) -> None:
        """Whether nobody carries on that rollout: unfinished before a look at the free lock, and after it still."""
        self._abandoned = suspect != 0 and suspect == self.unfinished and not self.rolling

    def heard(self, change: ReplicaChanged) -> None:
        """An event was pushed."""
        self._happened += 1
        name = next((replica.name for replica in self._replicas if replica.id == change.id), change.id[:12])
        self._news.append(
            News(
                number=self._happened,
                at=self._clock.now(),
                id=change.id,
                replica=name,
                color=change.color,
                what=change.what,
                exit_code=change.exit_code,
            )
        )

    def view(self) -> StackView:
        """All of it, now."""
        standby = self._standby
        if standby is not None and self._sights[Source.CONTAINERS].ever and not self._observed.running(standby.color):
            standby = None  # somebody stopped it by hand
        return StackView(
            at=self._clock.monotonic(),
            wall=self._clock.now(),
            observed=self._observed,
            sights=dict(self._sights),
            usage=self._usage,
            last_live=self._last_live,
            drift=self._drift,
            lock=self._lock,
            standby=standby,
            history=self._releases,
            rollout=self._rollout,
            abandoned=self._abandoned,
            news=tuple(self._news),
        )

    @property
    def _observed(self) -> Observed:
        return Observed(recorded=self._recorded, replicas=self._replicas, upstream=self._upstream)

    def _judge(self) -> None:
        """Call it drift once two looks at the proxy in a row disagree with the rest, which may be a moment older."""
        observed = self._observed
        found = observed.drift if observed.upstream.live is not None and self.sees(Source.CONTAINERS) else None
        if found is None:
            self._disagreed, self._drift = "", None
            return
        if self._disagreed:
            state, file, live = found
            self._drift = Drift(state=state, file=file, live=live, since=self._disagreed, moving=self.rolling)
        self._disagreed = self._disagreed or self._clock.now()
