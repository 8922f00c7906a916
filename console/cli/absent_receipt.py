"""A receipt that is not there: what the journal knows of its rollout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from console.cli.receipts import in_journal, numbered
from console.model.errors import RefusedError
from console.model.events import Record, RolloutFinished, RolloutStarted

if TYPE_CHECKING:
    from console.engine.session import Session


def last_rollout(session: Session) -> int | None:
    """The rollout that began last, or that of the newest receipt where the journal does not reach so far.

    A rollout that was cut off leaves no receipt, and the one before it left a good one: that is no answer for it.
    """
    begun = next((record.rollout for record in session.newest(RolloutStarted)), 0)
    return max(begun, *numbered(session.spec.state / "receipts")[-1:], 0) or None


def refuse_absent(session: Session, rollout: int) -> None:
    """Raise `RefusedError` where a rollout that the journal knows has left no receipt."""
    directory = session.spec.state / "receipts"
    if rollout in numbered(directory):
        return
    # In this order: a rollout that ends meanwhile gives the lock back last.
    holder = session.lock_holder()
    started, finished, newest = _known(session.newest(RolloutStarted, RolloutFinished), rollout)
    kept = numbered(directory)
    if started is None or rollout in kept:
        return
    if holder is not None and holder.fence == started.fence:
        found, way = "no receipt yet: it still runs", "rollout status"
    elif finished is not None:
        found, way = f"no receipt, though it ended: {finished.message}", in_journal(directory, rollout)
    else:
        # A later rollout began from what was seen then: there is nothing to recover any more.
        found, way = "left no receipt: it never ended", "rollout recover" if newest else "rollout history"
    raise RefusedError(
        f"print the receipt of rollout {rollout}",
        f"rollout {rollout} has {found}",
        now=f"nothing was touched; {f'the newest receipt is that of rollout {kept[-1]}' if kept else 'there is none'}",
        next_command=way,
    )


def _known(newest: Iterable[Record], rollout: int) -> tuple[RolloutStarted | None, RolloutFinished | None, bool]:
    """The beginning and the end of a rollout, and whether none began after it."""
    finished, last = None, True
    for record in newest:
        match record.event:
            case RolloutFinished() as event if record.rollout == rollout:
                finished = event
            case RolloutStarted() as event:
                if record.rollout <= rollout:
                    return (event if record.rollout == rollout else None), finished, last
                last = False
            case _:
                pass
    return None, finished, last
