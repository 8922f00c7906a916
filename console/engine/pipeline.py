"""The pipeline: one rollout from its plan to its outcome.

The phases change only by `advance`; what a failure means follows from the stage it happened in:

    prepare   nothing moved: clean up                      -> aborted
    cutover   the proxy did not take it: restore, clean up -> aborted
    verify    it serves, but is no good: roll back         -> rolled back
    finish    it serves and is good                        -> done, or a human has to look at the old color
"""

from __future__ import annotations

import asyncio

from console.engine.executor import Executor
from console.engine.gate import AbortedError, Gate
from console.engine.repair import Repair
from console.engine.shield import shielded
from console.engine.world import World
from console.model.color import Color
from console.model.errors import InconclusiveError, LockLostError, RolloutError
from console.model.events import PhaseChanged
from console.model.phase import Phase, Trigger, advance
from console.model.plan import Plan, Stage
from console.model.request import Outcome, Result

LOOK_DEADLINE = 10.0
"""Seconds for a last look at what serves."""


class Pipeline:
    """Runs one plan."""

    def __init__(self, plan: Plan, world: World, gate: Gate) -> None:
        self._plan = plan
        self._world = world
        self._gate = gate
        self._executor = Executor(world, gate)
        self._repair = Repair(plan, world)
        self.phase = Phase.PLANNED
        self.outcome: Outcome | None = None
        """The outcome once there is one, also when `run` was cancelled."""

    async def run(self) -> Outcome:
        """Run the plan to an outcome.

        Raises:
            CancelledError: the task was cancelled; things were put right first.
        """
        self._advance(Trigger.STARTED)
        try:
            return await self._forward()
        except LockLostError as error:
            return await shielded(self._stuck(error), deadline=2 * LOOK_DEADLINE)
        except AbortedError as aborted:
            return await self._shielded_back(None, str(aborted))
        except RolloutError as error:
            return await self._shielded_back(error, None)
        except asyncio.CancelledError:
            await self._shielded_back(None, "cancellation")
            raise
        except Exception as defect:  # noqa: BLE001 - a defect of ours must not leave traffic half-way either
            return await self._shielded_back(_internal("run the plan", defect), None)

    async def _forward(self) -> Outcome:
        plan = self._plan
        await self._run(Stage.PREPARE)
        if not self._has(Stage.CUTOVER):
            await self._run(Stage.FINISH)
            self._advance(Trigger.COMPLETED)
            return self._outcome(Result.DONE, plan.previous, self._repair.prepared())
        self._advance(Trigger.PREPARED)
        await self._run(Stage.CUTOVER)
        self._advance(Trigger.SEEN_SERVING)
        await self._run(Stage.VERIFY)
        self._advance(Trigger.VERIFIED)
        await self._run(Stage.FINISH)
        self._advance(Trigger.COMPLETED)
        return self._outcome(Result.DONE, plan.target, f"{plan.target} serves")

    async def _shielded_back(self, error: RolloutError | None, aborted_by: str | None) -> Outcome:
        """Put things right, whatever is cancelled meanwhile."""
        try:
            return await shielded(self._back(error, aborted_by), deadline=self._repair.deadline)
        except TimeoutError:
            found = f"putting things right took longer than {self._repair.deadline:g} s"
            return await shielded(
                self._stuck(RolloutError("end the rollout safely", found)), deadline=2 * LOOK_DEADLINE
            )

    async def _back(  # noqa: PLR0911 - a table: one way back for each phase
        self, error: RolloutError | None, aborted_by: str | None
    ) -> Outcome:
        try:
            match self.phase:
                case Phase.PREPARING:
                    self._advance(Trigger.CANCELLED if error is None else Trigger.FAILED)
                    return await self._clean_up(error, aborted_by)
                case Phase.CUTTING_OVER:
                    self._advance(Trigger.CANCELLED if error is None else Trigger.REFUSED)
                    await self._repair.restore()
                    self._advance(Trigger.RESTORED)
                    return await self._clean_up(error, aborted_by)
                case Phase.VERIFYING if isinstance(error, InconclusiveError):
                    await self._repair.record()
                    return await self._stuck(error)
                case Phase.VERIFYING if error is not None:
                    return await self._roll_back(error)
                case Phase.VERIFYING | Phase.DRAINING if error is None:
                    return await self._stop_here(aborted_by)
                case _:
                    return await self._stuck(error or RolloutError("end the rollout", f"it is {self.phase.value}"))
        except RolloutError as second:
            return await self._stuck(second, error)
        except Exception as defect:  # noqa: BLE001 - as above: the outcome must be told, whatever it is
            return await self._stuck(_internal("put things right", defect), error)

    async def _clean_up(self, error: RolloutError | None, aborted_by: str | None) -> Outcome:
        await self._repair.clean_up()
        serving, truth = await self._look()
        # Last of all: what gets stuck before must still be able to say so.
        self._advance(Trigger.CLEANED)
        if self._world.learnt.applied:
            truth = f"the upstream was put back, {truth}"
        else:
            truth = f"no traffic was moved, {truth}"
        if error is None:
            return self._outcome(Result.INTERRUPTED, serving, f"ended by {aborted_by}: {truth}")
        next_command = error.next_command or ("" if serving else "rollout status")
        return self._outcome(Result.ABORTED, serving, f"{error}; {truth}", next_command)

    async def _roll_back(self, error: RolloutError) -> Outcome:
        self._advance(Trigger.FAILED)
        await self._repair.roll_back()
        # Before the phase becomes final: a clean-up that gets stuck must still be able to say so.
        await self._repair.clean_up()
        self._advance(Trigger.SEEN_SERVING)
        previous = self._repair.way_back
        return self._outcome(Result.ROLLED_BACK, previous, f"{error}; rolled back, {previous.value} serves")

    async def _stop_here(self, aborted_by: str | None) -> Outcome:
        await self._repair.record()
        self._advance(Trigger.CANCELLED)
        target = self._plan.target
        text = f"ended by {aborted_by}: {target} serves, {self._plan.previous.value} was left running"
        return self._outcome(Result.INTERRUPTED, target, text, "rollout status")

    async def _stuck(self, error: RolloutError, cause: RolloutError | None = None) -> Outcome:
        text = f"{cause}; then {error}" if cause is not None else str(error)
        serving, truth = await self._look()
        told = "; ".join(dict.fromkeys(part for part in (text, error.now, truth) if part))
        # Last of all, as above: a look that is cut short must leave a way to say so.
        self._advance(Trigger.STUCK)
        return self._outcome(Result.NEEDS_HUMAN, serving, told, error.next_command or "rollout status")

    async def _look(self) -> tuple[Color | None, str]:
        """What serves, if that can be seen soon; it is the last thing that is told, so nothing here may fail."""
        try:
            async with asyncio.timeout(LOOK_DEADLINE):
                return await self._repair.truth()
        except Exception as error:  # noqa: BLE001 - as above: the outcome must be told
            return None, f"what serves can't be seen: {str(error) or type(error).__name__}"

    async def _run(self, stage: Stage) -> None:
        await self._executor.run(planned for planned in self._plan.steps if planned.stage is stage)

    def _has(self, stage: Stage) -> bool:
        return any(planned.stage is stage for planned in self._plan.steps)

    def _advance(self, trigger: Trigger) -> None:
        before, self.phase = self.phase, advance(self.phase, trigger)
        self._world.publish(PhaseChanged(before=before, after=self.phase))

    def _outcome(self, result: Result, active: Color | None, message: str, next_command: str = "") -> Outcome:
        self.outcome = Outcome(
            rollout=self._world.rollout,
            result=result,
            active=active,
            message=message,
            next_command=next_command,
        )
        return self.outcome


def _internal(attempted: str, defect: Exception) -> RolloutError:
    return RolloutError(attempted, f"internal error, {type(defect).__name__}: {defect}")
