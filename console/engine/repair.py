"""Putting things right after a failure: restore the upstream, clean up the new color, roll back."""

from __future__ import annotations

from console.engine.executor import Executor
from console.engine.gate import Gate
from console.engine.handlers.replicas import release
from console.engine.handlers.upstream import record
from console.engine.world import Learnt, World, addresses
from console.model.color import Color
from console.model.errors import (
    LockLostError,
    ProxyRefusedError,
    RefusedError,
    RolloutError,
    RuntimeFailedError,
)
from console.model.events import LogsKept, UpstreamRestored, Warned
from console.model.observed import Upstream
from console.model.plan import Plan
from console.model.steps import RecordActive, WriteUpstream
from console.planning.rollback import revert
from console.planning.situation import Situation

SLACK = 60.0
"""Seconds for what of it needs no patience: commands to the proxy and to the container runtime."""
READ_BACK = 5.0
"""Seconds until a restored upstream must be seen."""
LOG_LINES = 50
"""How much of a failed replica's output the receipt keeps."""


class Repair:
    """The ways back of one rollout. Each leaves the lock's holder, not an intruder, in charge: the fence is checked."""

    def __init__(self, plan: Plan, world: World) -> None:
        self._plan = plan
        self._world = world

    @property
    def way_back(self) -> Color:
        """The color that gets the traffic when the verification of the target fails."""
        return self._plan.rollback_to or self._plan.previous

    @property
    def deadline(self) -> float:
        """Seconds that putting things right may take: every wait inside, one after the other, and some slack."""
        spec = self._world.spec
        smoke = spec.smoke.attempts * (spec.smoke.timeout + spec.smoke.delay)
        return SLACK + spec.ready.deadline + smoke + spec.drain.deadline + spec.stop_grace

    def prepared(self) -> str:
        """What is true after a plan that moves no traffic."""
        plan = self._plan
        if plan.target is None or plan.target is plan.previous:
            return f"{plan.previous.value} serves"
        return f"{plan.action.value} of {plan.target.value} done; {plan.previous.value} serves"

    async def record(self) -> None:
        """Make sure that the color that was seen serving is the recorded one, and its release in the history.

        Raises:
            LockLostError: the lock was taken over, so that it is not for this rollout to record anything.
        """
        world, target = self._world, self._plan.target
        if target is None or world.learnt.recorded:
            return
        world.ports.lock.check()
        try:
            await record(RecordActive(color=target), world)
        except (OSError, RuntimeFailedError) as error:
            world.publish(
                Warned(text=f"{target.value} serves but could not be recorded: {error}", hint="rollout recover --adopt")
            )

    async def restore(self) -> None:
        """Write the previous upstream again as a new generation, apply it, and see it live.

        When even that is refused (the fault is elsewhere in the proxy's configuration) and the proxy still runs the
        previous generation, the file goes back to exactly that one, so that file and proxy agree.

        Raises:
            RolloutError: the previous color was not seen serving again.
        """
        world, proxy = self._world, self._world.ports.proxy
        world.ports.lock.check()
        before = world.learnt.before
        if not world.learnt.written or (not world.learnt.applied and proxy.read() == before):
            return
        attempted = self._upstream()
        generation = attempted.generation + 1
        try:
            proxy.restore(before, generation)
            await proxy.validate()
            workers = await proxy.apply()
            await proxy.read_back(generation, workers, deadline=READ_BACK)
            live = generation
        except ProxyRefusedError:
            live = await self._put_back(before, attempted)
        await self._see(live)
        world.publish(UpstreamRestored(color=self._plan.previous, generation=live))

    async def roll_back(self) -> None:
        """Give the color that served before the traffic again: verified, cut over, read back and recorded.

        Raises:
            RolloutError: a step of that failed.
        """
        world, previous = self._world, self.way_back
        observed = await world.ports.observe()
        servers = {color: world.ports.runtime.servers(color) for color in Color}
        plan = revert(Situation(spec=world.spec, observed=observed, servers=servers), previous)
        started, world.learnt = world.learnt.started, Learnt()
        try:
            await Executor(world, Gate()).run(plan.steps)
        except RolloutError as error:
            raise RolloutError(
                f"roll back to {previous.value}",
                f"{error}",
                now=await self._told(),
                next_command="rollout status",
            ) from error
        finally:
            world.learnt.started = started

    async def clean_up(self) -> None:
        """Keep the new color's logs and stop it, if this rollout started it and nothing is sent to it any more.

        Raises:
            LockLostError: the lock was taken over.
        """
        world, target = self._world, self._plan.target
        if target is None or not world.learnt.started:
            return
        world.step, world.deadline = "clean-up", None
        try:
            world.ports.lock.check()
            for replica in await world.ports.runtime.replicas():
                if replica.color is target:
                    lines = await world.ports.runtime.logs(replica, tail=LOG_LINES)
                    world.publish(LogsKept(replica=replica.name, lines=lines))
            await release(target, world, seconds=world.spec.drain.deadline)
            await world.ports.runtime.stop(target)
        except LockLostError:
            raise
        except (OSError, RolloutError) as error:
            world.publish(Warned(text=f"{target.value} was not stopped: {error}", hint="rollout retire"))
        finally:
            world.narrate()

    def _upstream(self) -> Upstream:
        for planned in self._plan.steps:
            if isinstance(planned.step, WriteUpstream):
                return planned.step.upstream
        raise RefusedError("restore the upstream", "the plan writes none")

    async def _put_back(self, before: bytes | None, attempted: Upstream) -> int:
        """The previous file under its own generation, provided that the proxy still runs that."""
        proxy = self._world.ports.proxy
        seen = await proxy.observe()
        if seen.live is None or seen.live.generation >= attempted.generation:
            raise ProxyRefusedError(
                "restore the upstream",
                "the proxy refused the previous one too",
                now=await self._told(),
                next_command="rollout check",
            )
        proxy.restore(before, seen.live.generation)
        return seen.live.generation

    async def _see(self, generation: int) -> None:
        """See that the previous color, or nobody else, answers in that generation."""
        world, previous = self._world, self._plan.previous
        observed = await world.ports.observe()
        live = observed.upstream.live
        wrong = live is not None and live.served in addresses(observed.running(previous.other))
        if live is None or live.generation != generation or wrong:
            raise ProxyRefusedError(
                f"see {previous.value} serve again",
                observed.upstream.problem or f"{live.served if live else 'nobody'} answers",
                now=await self._told(),
                next_command="rollout status",
            )

    async def truth(self) -> tuple[Color | None, str]:
        """Which color serves, as far as it can be seen, and that in a sentence."""
        try:
            observed = await self._world.ports.observe()
        except RolloutError as error:
            return None, f"what serves can't be seen: {error}"
        if observed.upstream.live is None:
            return None, f"the proxy does not answer: {observed.upstream.problem}"
        serving = observed.served
        if serving is None:
            named = observed.upstream.live.color
            return None, f"the proxy sends to {named.value}, which does not answer" if named else "nothing answers"
        return serving, f"{serving.value} serves"

    async def _told(self) -> str:
        return (await self.truth())[1]
