"""The phases of a rollout: one table, one way to change.

    table[phase][event] -> next phase

`Phase` changes only through `advance`; what the table does not list is an `IllegalTransitionError` and changes nothing.
The state diagram in the README is generated from this table.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Phase(StrEnum):
    """Where a rollout is. Up to and including PREPARING no traffic has moved."""

    PLANNED = "planned"
    PREPARING = "preparing"
    CUTTING_OVER = "cutting over"
    RESTORING = "restoring"
    VERIFYING = "verifying"
    DRAINING = "draining"
    ROLLING_BACK = "rolling back"
    CLEANING_UP = "cleaning up"
    DONE = "done"
    ROLLED_BACK = "rolled back"
    ABORTED = "aborted"
    NEEDS_HUMAN = "needs human"

    @property
    def final(self) -> bool:
        """Whether a rollout in this phase is over."""
        return self in FINAL


class Trigger(StrEnum):
    """What moves a rollout from phase to phase."""

    STARTED = "started"
    PREPARED = "prepared"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    RESTORED = "restored"
    SEEN_SERVING = "seen serving"
    VERIFIED = "verified"
    CLEANED = "cleaned"
    COMPLETED = "completed"
    STUCK = "stuck"


class IllegalTransitionError(Exception):
    """A trigger that the present phase does not know. A defect, never the user's fault."""


FINAL = frozenset({Phase.DONE, Phase.ROLLED_BACK, Phase.ABORTED, Phase.NEEDS_HUMAN})

TABLE = MappingProxyType(
    {
        Phase.PLANNED: {Trigger.STARTED: Phase.PREPARING},
        Phase.PREPARING: {
            Trigger.PREPARED: Phase.CUTTING_OVER,
            Trigger.FAILED: Phase.CLEANING_UP,
            Trigger.CANCELLED: Phase.CLEANING_UP,
            Trigger.COMPLETED: Phase.DONE,
            Trigger.STUCK: Phase.NEEDS_HUMAN,
        },
        Phase.CLEANING_UP: {Trigger.CLEANED: Phase.ABORTED, Trigger.STUCK: Phase.NEEDS_HUMAN},
        Phase.CUTTING_OVER: {
            Trigger.SEEN_SERVING: Phase.VERIFYING,
            Trigger.REFUSED: Phase.RESTORING,
            Trigger.CANCELLED: Phase.RESTORING,
            Trigger.STUCK: Phase.NEEDS_HUMAN,
        },
        Phase.RESTORING: {Trigger.RESTORED: Phase.CLEANING_UP, Trigger.STUCK: Phase.NEEDS_HUMAN},
        Phase.VERIFYING: {
            Trigger.VERIFIED: Phase.DRAINING,
            Trigger.FAILED: Phase.ROLLING_BACK,
            Trigger.CANCELLED: Phase.DONE,
            Trigger.STUCK: Phase.NEEDS_HUMAN,
        },
        Phase.ROLLING_BACK: {Trigger.SEEN_SERVING: Phase.ROLLED_BACK, Trigger.STUCK: Phase.NEEDS_HUMAN},
        Phase.DRAINING: {
            Trigger.COMPLETED: Phase.DONE,
            Trigger.CANCELLED: Phase.DONE,
            Trigger.STUCK: Phase.NEEDS_HUMAN,
        },
    }
)


def advance(phase: Phase, trigger: Trigger) -> Phase:
    """The phase that follows.

    Raises:
        IllegalTransitionError: the table has no such transition; nothing changes.
    """
    following = TABLE.get(phase, {}).get(trigger)
    if following is None:
        raise IllegalTransitionError(f"a rollout that is {phase.value!r} can't be {trigger.value!r}")
    return following
