"""The executor: runs the steps of a plan in order. It decides nothing.

A step begins when every step it names in `after` has *succeeded*; a step that failed or was cancelled releases nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from console.engine.gate import AbortedError, Gate
from console.engine.handlers.dispatch import handle
from console.engine.world import World
from console.model.errors import DeadlineError, RolloutError
from console.model.events import Held, Resumed, StepFailed, StepStarted, StepSucceeded, Warned
from console.model.plan import PlannedStep, Stage
from console.model.steps import RecordActive, WriteUpstream

SLACK = 2.0
"""Seconds beyond its deadline after which a step that doesn't end by itself is cancelled. As every deadline here, they
count only while this process is awake (`ports.clock`): what it did not look at is no finding."""

TOLD_STOP = 1.0
"""Seconds of a stop of this process from which on it is told of."""


def interruptible(planned: PlannedStep) -> bool:
    """Whether an abort may cancel a step: from the apply to the record is no safe place, and each step is bounded."""
    return planned.stage is not Stage.CUTOVER and not isinstance(planned.step, RecordActive)


class Executor:
    """Runs planned steps in one rollout's world."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate
        self._succeeded: set[str] = set()

    async def run(self, steps: Iterable[PlannedStep]) -> None:
        """Run steps one after the other.

        Raises:
            RolloutError: what the failing step raised; later steps were not begun.
            AbortedError: the operator asked for a safe end, and none of the steps after it was begun.
            LockLostError: the lock was taken over.
        """
        for planned in steps:
            if not self._succeeded.issuperset(planned.after):
                raise AssertionError(f"{planned.id} was released without {planned.after}")
            await self._at_gate(planned)
            self._world.ports.lock.check()
            await self._step(planned)
            self._succeeded.add(planned.id)

    async def _at_gate(self, planned: PlannedStep) -> None:
        if not interruptible(planned) and not isinstance(planned.step, WriteUpstream):
            return
        held = self._gate.held
        if held:
            self._world.publish(Held(before_step=planned.id))
        await self._gate.passed()
        if held:
            self._world.publish(Resumed(before_step=planned.id))

    async def _step(self, planned: PlannedStep) -> None:
        world, clock = self._world, self._world.ports.clock
        began, awake = clock.monotonic(), clock.awake()
        world.step = planned.id
        world.deadline = None if planned.deadline is None else awake + planned.deadline
        world.publish(
            StepStarted(
                step=planned.id,
                title=planned.title,
                stage=planned.stage.value,
                cause=planned.cause,
                deadline=planned.deadline,
            )
        )
        failed: StepFailed | None = _failed(planned, planned.title, "an internal error")
        try:
            detail = await self._within_deadline(planned)
            failed = None
        except RolloutError as error:
            failed = _failed(planned, error.attempted, error.found)
            raise
        except (AbortedError, asyncio.CancelledError):
            failed = _failed(planned, planned.title, "cancelled", cancelled=True)
            raise
        except OSError as error:
            failed = _failed(planned, planned.title, str(error))
            raise RolloutError(planned.title, str(error)) from error
        finally:
            world.narrate()
            self._tell_stop(clock.monotonic() - began - (clock.awake() - awake))
            if failed is not None:
                world.publish(replace(failed, seconds=clock.monotonic() - began))
        world.publish(StepSucceeded(step=planned.id, seconds=clock.monotonic() - began, detail=detail))

    def _tell_stop(self, seconds: float) -> None:
        """Say how long nobody looked at a step: it took that much longer, and was given that much more time."""
        if seconds >= TOLD_STOP:
            text = f"this rollout's process was stopped for {seconds:.0f} s, which no deadline counts"
            self._world.publish(Warned(text=text))

    async def _within_deadline(self, planned: PlannedStep) -> str:
        limit = None if planned.deadline is None else planned.deadline + SLACK
        task = asyncio.ensure_future(handle(planned.step, self._world))
        try:
            async with asyncio.timeout(limit):
                return await (self._gate.run(task) if interruptible(planned) else task)
        except TimeoutError:
            raise DeadlineError(planned.title, f"it took longer than {planned.deadline:g} s") from None


def _failed(planned: PlannedStep, attempted: str, found: str, *, cancelled: bool = False) -> StepFailed:
    return StepFailed(step=planned.id, seconds=0.0, attempted=attempted, found=found, cancelled=cancelled)
