"""The history of releases, read from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from console.model.events import (
    ColorRetired,
    CutoverSeen,
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

Identity = tuple[str, str]
"""What containers run: image id and configuration hash. An image alone may be deployed in several configurations."""

Key = tuple[int, str, str]
"""A release: its number or, for what no rollout made, 0 with its identity."""


def releases(records: Iterable[Record]) -> tuple[Release, ...]:
    """The releases that served, each once, the one that served last first.

    A release that served again after a rollback keeps the number of the rollout that made it, also when that was cut
    off before it could record it. A release that was there before the first rollout has the number 0; what
    `rollout up` brought up has that rollout's number.
    """
    return tuple(reversed(_read(records).releases.values()))


def maker(records: Iterable[Record], image_id: str) -> int:
    """The number of the last rollout that deployed an image, whether it ever served or not; 0 when none did."""
    return _read(records).makers.get(image_id, 0)


def standby_since(records: Iterable[Record]) -> Record | None:
    """The record of the warm standby that was kept last, unless it was stopped or serves again since."""
    kept: Record | None = None
    for record in records:
        match record.event:
            case StandbyKept():
                kept = record
            case ColorRetired(color=color) | CutoverSeen(color=color):
                if kept is not None and isinstance(kept.event, StandbyKept) and kept.event.color is color:
                    kept = None
            case _:
                pass
    return kept


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

    def serve(self, record: Record, served: ReleaseServed) -> None:
        """A rollout gave a release the traffic."""
        made = self.makers.get(served.image_id, record.rollout)
        number = served.origin or self.latest.get((served.image_id, served.config_hash), made)
        image = Image(reference=served.reference, id=served.image_id, digest=served.digest)
        release = Release(
            id=number, color=served.color, image=image, config_hash=served.config_hash, by="", at=record.at
        )
        self.given.setdefault(record.rollout, self._enter(release))

    def find(self, record: Record, found: ReleaseFound) -> None:
        """A release served already that the history does not know: an unrecorded rollout's, or nobody's."""
        if (found.image_id, found.config_hash) in self.latest:
            return
        made = self.makers.get(found.image_id, 0)
        number = 0 if (made, "", "") in self.releases else made
        image = Image(reference=found.reference, id=found.image_id)
        self._enter(
            Release(id=number, color=found.color, image=image, config_hash=found.config_hash, by="", at=record.at)
        )

    def go_back(self, rollout: int) -> None:
        """A rollout went back from the release that it had given the traffic."""
        key = self.given.get(rollout)
        if key is not None:
            self.releases[key] = replace(self.releases[key], withdrawn=True)

    def _enter(self, release: Release) -> Key:
        identity = (release.image.id, release.config_hash)
        key = (release.id, "", "") if release.id else (0, *identity)
        self.latest[identity] = release.id
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
