"""Everything that the live screen shows, as one frozen value: each panel is a function of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from console.cli.report import Readiness, Seen, StatusReport, report
from console.model.request import Verdict
from console.observe.fold import follow
from console.observe.rollout import RolloutView
from console.observe.view import Source, StackView, Usage
from console.ports.journal import LockLabel
from console.tui.bridge import Heard
from console.tui.facts import StackFacts
from console.tui.glyphs import UNICODE, Glyphs
from console.tui.keys import KEYS, Key
from console.tui.sample import Sample
from console.tui.steady import steady_usage
from console.tui.telling import Told, tell

KEPT = 500
"""Events that can be scrolled back to; the journal has them all."""

_NOTHING = Verdict(rollout=0, action="", user="", since="", last_step="", story="", consistent=True, choices=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What is known at one moment."""

    facts: StackFacts | None = None
    """None until the session is open."""
    sample: Sample = field(default_factory=Sample)
    own: RolloutView | None = None
    """The newest rollout of this session, from its bus: it knows what each step waits for."""
    told: tuple[Told, ...] = ()
    """Events, oldest first."""
    status: StatusReport | None = None
    """A judgement of `sample.view`."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """What replicas (by id) and colors (by name) use, without the noise."""
    now: float = 0.0
    """Seconds since the epoch."""
    monotonic: float = 0.0
    """Seconds on the scale that observers stamp with."""
    glyphs: Glyphs = UNICODE
    keys: tuple[Key, ...] = KEYS
    """As this operator has them."""
    busy: str = ""
    """What was asked for and has no answer yet."""

    @property
    def guarded(self) -> bool:
        """Whether the stack is protected, which nobody may overlook."""
        return self.facts is not None and self.facts.protected

    def shown(self, key: str) -> str:
        """What to press for the key of that id."""
        return next(one.shown for one in self.keys if one.id == key)

    @property
    def rollout(self) -> RolloutView | None:
        """The rollout to show: this session's own while it is the newest one, else the journal's newest."""
        seen = self.sample.view.rollout if self.sample.view else None
        if self.own is None or (seen is not None and seen.number > self.own.number):
            return seen
        return self.own

    @property
    def running(self) -> bool:
        """Whether this session runs a rollout."""
        return self.sample.running or (self.own is not None and not self.own.over)

    @property
    def other(self) -> LockLabel | None:
        """Who else holds the stack's lock. This session's own lock is seen a moment longer than it is held."""
        lock = self.status.lock if self.status else None
        return None if lock is None or (self.facts is not None and lock.pid == self.facts.pid) else lock

    @property
    def verdict(self) -> Verdict:
        """What an unfinished rollout left behind."""
        return self.sample.verdict or _NOTHING

    @property
    def read_only(self) -> bool:
        """Whether nothing may act."""
        return self.sample.read_only

    @property
    def ready(self) -> Readiness:
        """How quickly a rollback can happen."""
        return self.status.rollback.readiness if self.status else Readiness.NONE

    def with_sample(self, sample: Sample) -> Board:
        """The board after another look."""
        view = sample.view
        if view is self.sample.view:
            return replace(self, sample=sample)
        status = None
        if view is not None and self.facts is not None and _looked(view):
            seen = Seen(
                project=self.facts.project,
                observed=view.observed,
                records=(),
                history=view.history,
                lock=view.lock,
                verdict=sample.verdict or _NOTHING,
            )
            status = report(seen)
        usage = steady_usage(self.usage, view) if view is not None else {}
        return replace(self, sample=sample, status=status, usage=usage)

    def with_events(self, events: Iterable[Heard]) -> Board:
        """The board after more events, of this session or of others."""
        own, told = self.own, list(self.told)
        for heard in events:
            if heard.own:
                own = follow(own, heard.record)
            line = tell(heard.record)
            if line is not None:
                told.append(line)
        return replace(self, own=own, told=tuple(told[-KEPT:]))


def _looked(view: StackView) -> bool:
    """Whether everything was looked at once, seen or not: before, absence means nothing and must not alarm anybody."""
    needed = (sight for source, sight in view.sights.items() if source is not Source.STATS)
    return all(sight.ever or sight.problem for sight in needed)
