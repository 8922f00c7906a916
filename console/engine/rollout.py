"""One rollout: announced, run, and put on record with its receipt."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from console.engine.bus import Bus
from console.engine.gate import Gate
from console.engine.pipeline import Pipeline
from console.engine.receipts import receipt
from console.engine.world import Ports, World
from console.model.errors import RolloutError
from console.model.events import Event, Record, RolloutFinished, RolloutStarted, Warned
from console.model.observed import Observed
from console.model.plan import Plan
from console.model.request import Actor, Outcome
from console.model.spec import Spec

Versions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One run of a plan under the lock."""

    number: int
    name: str
    spec: Spec
    ports: Ports
    actor: Actor
    bus: Bus
    gate: Gate

    async def run(self, plan: Plan, observed: Observed, *, fence: int, remark: str) -> Outcome:
        """Run a plan, made from what was observed, to its outcome, and write the receipt.

        Raises:
            RuntimeFailedError: the journal can't be written, so nothing was begun.
            CancelledError: the task was cancelled; things were put right and recorded first.
        """
        records: list[Record] = []
        stop = self.bus.subscribe(records.append)
        began = self.ports.clock.monotonic()
        outcome: Outcome | None = None
        versions: Versions = ()
        try:
            self._say(self._started(plan, fence))
            if remark:
                self._say(Warned(text=remark, hint="rollout history"))
            world = World(
                spec=self.spec,
                ports=self.ports,
                rollout=self.number,
                publish=self._say,
                observed=observed,
                hold=self.gate.hold,
            )
            pipeline = Pipeline(plan, world, self.gate)
            try:
                outcome = await pipeline.run()
                versions = await self._versions()
            except asyncio.CancelledError:
                outcome = pipeline.outcome
                raise
        finally:
            if outcome is not None:
                self._finish(outcome, records, self.ports.clock.monotonic() - began, versions)
            stop()
        return outcome

    async def _versions(self) -> Versions:
        try:
            return await self.ports.runtime.versions()
        except RolloutError:
            return ()

    def _say(self, event: Event) -> object:
        return self.bus.publish(self.number, event)

    def _started(self, plan: Plan, fence: int) -> RolloutStarted:
        return RolloutStarted(
            action=self.name,
            target=plan.target,
            previous=plan.previous,
            user=self.actor.user,
            host=self.actor.host,
            pid=self.actor.pid,
            command=self.actor.command,
            fence=fence,
            project=self.spec.project,
            plan=tuple(plan.render().splitlines()),
        )

    def _finish(self, outcome: Outcome, records: list[Record], seconds: float, versions: Versions) -> None:
        self._say(
            RolloutFinished(
                outcome=outcome.result.value,
                exit_code=outcome.result.exit_code,
                active=outcome.active,
                seconds=seconds,
                message=outcome.message,
                next_command=outcome.next_command,
            )
        )
        evidence = receipt(records, versions)
        if evidence is None:
            return
        try:
            self.ports.receipts.write(evidence)
        except OSError as error:
            self._say(Warned(text=f"the receipt can't be written: {error}", hint="df -h"))
