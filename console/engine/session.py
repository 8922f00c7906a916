"""The engine's front door: everything that a screen, the CLI or CI can ask of one stack."""

from __future__ import annotations

from collections.abc import Callable

from console.model.events import Record
from console.model.observed import Observed
from console.model.plan import Plan
from console.model.release import Release
from console.model.request import Outcome, RecoveryChoice, Request, Verdict
from console.ports.journal import LockLabel


class Session:
    """One stack under the engine.

    Not thread-safe: all coroutines run on the engine's own loop. `abort`, `hold` and `resume` may be called from
    signal handlers of that loop.
    """

    async def observe(self) -> Observed:
        """A snapshot of the stack. Raises `RuntimeFailedError`."""
        raise NotImplementedError

    async def plan(self, request: Request) -> Plan:
        """What `run` would do, from a fresh snapshot. Raises `RefusedError`."""
        raise NotImplementedError

    async def run(self, request: Request) -> Outcome:
        """Carry a request out, from lock to receipt.

        Failures of the rollout are outcomes, not exceptions.

        Raises:
            LockHeldError: another rollout of this stack is running.
            ReadOnlyError: the session is read-only.
            RefusedError: the request makes no sense now; nothing was changed.
        """
        raise NotImplementedError

    def subscribe(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        """Call `listener` with every record from now on, on the engine's loop; returns the way to stop."""
        raise NotImplementedError

    def abort(self, by: str) -> None:
        """Ask the running rollout for a safe end; traffic stays where it was seen last. Idempotent."""
        raise NotImplementedError

    def hold(self) -> None:
        """Hold the running rollout at its next gate."""
        raise NotImplementedError

    def resume(self) -> None:
        """Let a held rollout go on."""
        raise NotImplementedError

    def records(self) -> tuple[Record, ...]:
        """The journal, oldest first."""
        raise NotImplementedError

    def history(self) -> tuple[Release, ...]:
        """The releases that served, newest first."""
        raise NotImplementedError

    def lock_holder(self) -> LockLabel | None:
        """Who holds the stack's lock; None when free."""
        raise NotImplementedError

    def break_lock(self) -> LockLabel | None:
        """Take the lock away from its holder, on the record. Raises `ReadOnlyError`."""
        raise NotImplementedError

    async def verdict(self) -> Verdict:
        """What is true after an interruption, from the journal and the live proxy."""
        raise NotImplementedError

    async def recover(self, choice: RecoveryChoice) -> Outcome:
        """Go on after an interruption. Raises like `run`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Release every connection; a running rollout must have ended before."""
        raise NotImplementedError
