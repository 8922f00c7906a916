"""The history of releases, read from the journal."""

from __future__ import annotations

from collections.abc import Iterable

from console.model.events import Record, ReleaseFound, ReleaseServed, RolloutStarted, StandbyKept
from console.model.release import Image, Release


def releases(records: Iterable[Record]) -> tuple[Release, ...]:
    """The releases that served, each once, the one that served last first.

    A release that served again after a rollback keeps the number of the rollout that made it. A release that was
    there before the first rollout has the number 0; what `rollout up` brought up has that rollout's number.
    """
    users: dict[int, str] = {}
    known: dict[tuple[str, int], Release] = {}
    latest: dict[str, int] = {}
    for record in records:
        match record.event:
            case RolloutStarted() as started:
                users[record.rollout] = started.user
            case ReleaseServed() as served:
                number = served.origin or latest.get(served.image_id, record.rollout)
                latest[served.image_id] = number
                key = (served.image_id, number)
                made = known.pop(key, None)
                known[key] = Release(
                    id=number,
                    color=served.color,
                    image=Image(reference=served.reference, id=served.image_id, digest=served.digest),
                    config_hash=served.config_hash,
                    by=made.by if made else users.get(record.rollout, ""),
                    at=made.at if made else record.at,
                )
            case ReleaseFound() as found if found.image_id not in latest:
                latest[found.image_id] = 0
                known[found.image_id, 0] = Release(
                    id=0,
                    color=found.color,
                    image=Image(reference=found.reference, id=found.image_id),
                    config_hash=found.config_hash,
                    by="",
                    at=record.at,
                )
    return tuple(reversed(known.values()))


def standby_since(records: Iterable[Record]) -> Record | None:
    """The record of the last warm standby that was kept; None when there is none."""
    last: Record | None = None
    for record in records:
        if isinstance(record.event, StandbyKept):
            last = record
    return last
