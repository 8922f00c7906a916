"""One rollout: announced, run, and put on record with its receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace

from console.engine.bus import Bus
from console.engine.gate import Gate
from console.engine.load import RolloutLoad
from console.engine.pipeline import Pipeline
from console.engine.receipts import receipt
from console.engine.shield import shielded
from console.engine.world import Ports, World
from console.model.errors import RefusedError, RolloutError
from console.model.events import Event, Record, RequestsCut, RolloutFinished, RolloutStarted, Warned
from console.model.load import LoadConfig
from console.model.observed import Observed
from console.model.plan import Plan
from console.model.receipt_load import ReceiptLoad
from console.model.request import Actor, Outcome, Request, Result
from console.model.spec import Spec

Versions = tuple[tuple[str, str], ...]

END_DEADLINE = 30.0
"""Seconds for what comes after the last step and the end of the load: the versions of what ran it, the receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One run of a plan under the lock."""

    number: int
    request: Request
    spec: Spec
    ports: Ports
    actor: Actor
    bus: Bus
    gate: Gate
    resumable: bool
    """Whether somebody is there who can let a held rollout go on."""

    async def run(self, plan: Plan, observed: Observed, *, fence: int, remark: str) -> Outcome:
        """Run a plan, made from what was observed, to its outcome, and write the receipt.

        Raises:
            RuntimeFailedError: the journal can't be written or the load can't be started, so nothing was begun.
            CancelledError: the task was cancelled; things were put right and recorded first.
        """
        load = self._load()
        started = await load.start() if load else None
        records: list[Record] = []
        stops = [self.bus.subscribe(records.append)]
        if load is not None:
            stops.append(self.bus.subscribe(load.hear))
        try:
            self._say(self._started(plan, fence))
            if started is not None:
                self._say(started)
            if remark:
                self._say(Warned(text=remark))
            return await self._to_the_end(plan, observed, load, records)
        finally:
            if load is not None:
                await load.run.close()
            for stop in stops:
                stop()

    async def _to_the_end(
        self, plan: Plan, observed: Observed, load: RolloutLoad | None, records: list[Record]
    ) -> Outcome:
        began = self.ports.clock.monotonic()
        world = World(
            spec=self.spec,
            ports=self.ports,
            rollout=self.number,
            publish=self._say,
            observed=observed,
            hold=self.gate.hold if self.resumable else None,
            load=load.run if load else None,
        )
        pipeline = Pipeline(plan, world, self.gate)
        deadline = END_DEADLINE + (load.patience if load else 0.0)
        try:
            outcome = await pipeline.run()
        except asyncio.CancelledError:
            if pipeline.outcome is not None:
                seconds = self.ports.clock.monotonic() - began
                await shielded(self._finish(pipeline.outcome, records, seconds, load), deadline=deadline)
            raise
        return await shielded(
            self._finish(outcome, records, self.ports.clock.monotonic() - began, load), deadline=deadline
        )

    async def _finish(
        self, outcome: Outcome, records: list[Record], seconds: float, load: RolloutLoad | None
    ) -> Outcome:
        """Say how it ended, and keep the receipt."""
        evidence: ReceiptLoad | None = None
        if load is not None:
            evidence, counted = await load.stop()
            self._say(counted)
        outcome = self._judged(outcome, evidence, records)
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
        written = receipt(records, await self._versions(), evidence)
        if written is not None:
            try:
                self.ports.receipts.write(written)
            except OSError as error:
                self._say(Warned(text=f"the receipt can't be written: {error}", hint="df -h"))
        return outcome

    def _judged(self, outcome: Outcome, load: ReceiptLoad | None, records: list[Record]) -> Outcome:
        """With zero drops required, a rollout that can't prove them is for a human to look at."""
        if not self.request.require_zero_drops or outcome.result is not Result.DONE:
            return outcome
        cut = sum(record.event.count for record in records if isinstance(record.event, RequestsCut))
        if load is not None and load.proves_zero and not cut:
            return outcome
        found = load.doubt or f"{load.dropped} of {load.due} requests were dropped" if load else "no load was sent"
        if cut:
            found = f"the drain deadline cut {cut} requests"
        return replace(
            outcome,
            result=Result.NEEDS_HUMAN,
            message=f"{outcome.message}, but zero drops are required: {found}",
            next_command=f"rollout receipt {self.number}",
        )

    def _load(self) -> RolloutLoad | None:
        asked = self.request.load
        if asked is None:
            return None
        if self.ports.make_load is None:
            raise RefusedError(
                "send load",
                "there is no load generator here",
                now="nothing was changed",
                next_command=f"rollout {self.request.action.value}",
            )
        config = LoadConfig(url=asked.url, rate=asked.rate, phase="planned", timeout=self.spec.answer_timeout)
        return RolloutLoad(self.ports.make_load(config), config)

    async def _versions(self) -> Versions:
        runtime, proxy = await asyncio.gather(_told(self.ports.runtime.versions()), _told(self.ports.proxy.versions()))
        return (*runtime, *proxy)

    def _say(self, event: Event) -> object:
        return self.bus.publish(self.number, event)

    def _started(self, plan: Plan, fence: int) -> RolloutStarted:
        return RolloutStarted(
            action=self.request.action.value,
            target=plan.target,
            previous=plan.previous,
            user=self.actor.user,
            host=self.actor.host,
            pid=self.actor.pid,
            command=self.actor.command,
            fence=fence,
            project=self.spec.project,
            plan=tuple(plan.render().splitlines()),
            image=self.request.image,
            source=self.request.source.value,
            cutover=self.request.cutover,
            release=self.request.to_release,
        )


async def _told(asked: Awaitable[Versions]) -> Versions:
    """The versions, or none: no receipt is lost for want of them."""
    try:
        return await asked
    except RolloutError:
        return ()
