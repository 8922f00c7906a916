"""Everything that the live screen shows, as one frozen value: each panel is a function of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from console.tui.glyphs import UNICODE, Glyphs
from console.tui.keys import KEYS, Key
from console.tui.sample import Sample

if TYPE_CHECKING:
    from console.cli.report import StatusReport
    from console.model.request import Verdict
    from console.observe.rollout import RolloutView
    from console.observe.view import Drift, Usage
    from console.ports.journal import LockLabel
    from console.tui.bridge import Heard
    from console.tui.facts import StackFacts
    from console.tui.telling import Told


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

    @property
    def drift(self) -> Drift | None:
        """What disagrees although nothing moves it. In mid-cutover the three differ for a moment, and rightly."""
        view = self.sample.view
        return view.drift if view is not None and view.drift is not None and not view.drift.moving else None

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
        from console.tui.judging import NOTHING  # noqa: PLC0415 - not needed for the first paint

        return self.sample.verdict or NOTHING

    @property
    def read_only(self) -> bool:
        """Whether nothing may act."""
        return self.sample.read_only

    def with_sample(self, sample: Sample) -> Board:
        """The board after another look."""
        view = sample.view
        if view is self.sample.view:
            return replace(self, sample=sample)
        from console.tui.judging import judged, steady_usage  # noqa: PLC0415 - as above

        usage = steady_usage(self.usage, view) if view is not None else {}
        return replace(self, sample=sample, status=judged(sample, self.facts), usage=usage)

    def with_events(self, events: Iterable[Heard]) -> Board:
        """The board after more events, of this session or of others."""
        from console.tui.judging import heard  # noqa: PLC0415 - as above

        own, told = heard(events, self.own, self.told)
        return replace(self, own=own, told=told)
