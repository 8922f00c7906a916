"""The history of releases, read from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from console.model.color import Color
from console.model.events import (
    ColorRetired,
    CutoverSeen,
    Event,
    ImageResolved,
    Record,
    ReleaseFound,
    ReleaseServed,
    RolloutFinished,
    RolloutStarted,
    StandbyKept,
)
from console.model.release import Image, Release
from console.model.request import Result

if TYPE_CHECKING:
    from console.model.observed import Replica
    from console.ports.journal import Journal

RECENT = 20
"""How many releases a look at a stack knows, at least."""
KINDS: tuple[type[Event], ...] = (RolloutStarted, ImageResolved, ReleaseServed, ReleaseFound, RolloutFinished)
"""What the history is made of."""
FURTHEST = 200
"""How many releases are looked through for one to go back to; older ones are gone back to by their number."""
_FIRST = 128
"""Of these records, how many are read at first: as many as `RECENT` rollouts have, and some more."""

Identity = tuple[str, str]
"""What containers run: image id and configuration hash. An image alone may be deployed in several configurations."""

Key = tuple[int, str, str]
"""A release: its number or, for what no rollout made, 0 with its identity."""


def releases(records: Iterable[Record]) -> tuple[Release, ...]:
    """The releases that served, each once, the one that served last first.

    A release that served again after a rollback keeps the number of the rollout that made it, also when that was cut
    off before it could record it. A release that was there before the first rollout has the number 0; what
    `rollout up` brought up has that rollout's number.

    Args:
        records: of the whole journal, oldest first; only those of `KINDS` matter.
    """
    return tuple(reversed(_read(records).releases.values()))


def whole(journal: Journal) -> tuple[Record, ...]:
    """What the journal knows of releases, oldest first, from its very beginning. Raises `OSError`."""
    return tuple(journal.newest(*KINDS))[::-1]


def recent(journal: Journal, *, least: int = RECENT) -> tuple[Release, ...]:
    """What `releases` of the whole journal begins with, read from its end and no further back than it takes.

    There are `least` of them or more, and among the last `FURTHEST` one to go back to; or all, where the journal does
    not know so many. Raises `OSError`.
    """
    taken: list[Record] = []
    enough = _FIRST
    for record in journal.newest(*KINDS):
        taken.append(record)
        if len(taken) >= enough and isinstance(record.event, RolloutStarted):
            known = _read(reversed(taken)).settled
            if len(known) >= max(least, FURTHEST) or (len(known) >= least and _has_way_back(known)):
                return known
            enough = 4 * len(taken)
    return releases(reversed(taken))


def back_to(journal: Journal, number: int | None) -> tuple[Release, ...]:
    """The recent releases; all there are when one is named that is not among them. Raises `OSError`."""
    found = recent(journal)
    if number is None or any(release.id == number for release in found):
        return found
    return releases(whole(journal))


def number_of(journal: Journal, replica: Replica) -> int:
    """The number of the release that a replica runs, as `releases` gives it; 0 when nobody is known to have made it.

    Raises `OSError`.
    """
    for release in recent(journal):
        if release.run_by(replica):
            return release.id
    ledger = _read(whole(journal))
    made = ledger.makers.get(replica.image_id, 0)
    return ledger.latest.get((replica.image_id, replica.config_hash), made)


def maker(records: Iterable[Record], image_id: str) -> int:
    """The number of the last rollout that deployed an image, whether it ever served or not; 0 when none did."""
    return _read(records).makers.get(image_id, 0)


def standby_since(journal: Journal) -> Record | None:
    """The record of the warm standby that was kept last, unless it was stopped or serves again since.

    Raises `OSError`.
    """
    gone: set[Color] = set()
    for record in journal.newest(StandbyKept, ColorRetired, CutoverSeen):
        match record.event:
            case StandbyKept(color=color):
                return None if color in gone else record
            case ColorRetired(color=color) | CutoverSeen(color=color):
                gone.add(color)
                if len(gone) == len(Color):
                    return None
            case _:
                pass
    return None


def _has_way_back(known: Sequence[Release]) -> bool:
    """Whether there is something to go back to, whatever serves now: for a moment that may be two images."""
    return len({release.image.id for release in known if not release.withdrawn}) > 2  # noqa: PLR2004


@dataclass(slots=True)
class _Ledger:
    """What is known after so many records."""

    users: dict[int, str] = field(default_factory=dict)
    makers: dict[str, int] = field(default_factory=dict)
    releases: dict[Key, Release] = field(default_factory=dict)
    latest: dict[Identity, int] = field(default_factory=dict)
    """The number of the release that an identity is."""
    given: dict[int, Key] = field(default_factory=dict)
    """The release that each rollout gave traffic to first."""
    open: set[Key] = field(default_factory=set)
    """The releases that earlier records might tell something about."""
    whole: bool = True
    """Whether every rollout that is told of began within these records."""

    @property
    def settled(self) -> tuple[Release, ...]:
        """The releases that served last, up to the first that earlier records might tell something about."""
        if not self.whole:
            return ()
        newest = takewhile(lambda entry: entry[0] not in self.open, reversed(self.releases.items()))
        return tuple(release for _, release in newest)

    def serve(self, record: Record, served: ReleaseServed) -> None:
        """A rollout gave a release the traffic."""
        self._belongs(record.rollout)
        made = self.makers.get(served.image_id, record.rollout)
        known = self.latest.get((served.image_id, served.config_hash))
        number = served.origin or (made if known is None else known)
        image = Image(reference=served.reference, id=served.image_id, digest=served.digest)
        release = Release(
            id=number, color=served.color, image=image, config_hash=served.config_hash, by="", at=record.at
        )
        settled = bool(served.origin or known) and number in self.users
        self.given.setdefault(record.rollout, self._enter(release, settled=settled))

    def find(self, record: Record, found: ReleaseFound) -> None:
        """A release served already that the history does not know: an unrecorded rollout's, or nobody's."""
        if (found.image_id, found.config_hash) in self.latest:
            return
        made = self.makers.get(found.image_id, 0)
        number = 0 if (made, "", "") in self.releases else made
        image = Image(reference=found.reference, id=found.image_id)
        self._enter(
            Release(id=number, color=found.color, image=image, config_hash=found.config_hash, by="", at=record.at),
            settled=False,
        )

    def go_back(self, rollout: int) -> None:
        """A rollout went back from the release that it had given the traffic."""
        self._belongs(rollout)
        key = self.given.get(rollout)
        if key is not None:
            self.releases[key] = replace(self.releases[key], withdrawn=True)

    def _belongs(self, rollout: int) -> None:
        self.whole = self.whole and rollout in self.users

    def _enter(self, release: Release, *, settled: bool) -> Key:
        identity = (release.image.id, release.config_hash)
        key = (release.id, "", "") if release.id else (0, *identity)
        self.latest[identity] = release.id
        if not settled:
            self.open.add(key)
        made = self.releases.pop(key, None)
        by = made.by if made else self.users.get(release.id, "")
        self.releases[key] = replace(release, by=by, at=made.at if made else release.at)
        return key


def _read(records: Iterable[Record]) -> _Ledger:
    ledger = _Ledger()
    deploys: set[int] = set()
    for record in records:
        match record.event:
            case RolloutStarted() as started:
                ledger.users[record.rollout] = started.user
                if started.release is None and started.action != "rollback":
                    deploys.add(record.rollout)
            case ImageResolved() as resolved if record.rollout in deploys:
                ledger.makers[resolved.id] = record.rollout
            case ReleaseServed() as served:
                ledger.serve(record, served)
            case ReleaseFound() as found:
                ledger.find(record, found)
            case RolloutFinished(outcome=Result.ROLLED_BACK):
                ledger.go_back(record.rollout)
            case _:
                pass
    return ledger
