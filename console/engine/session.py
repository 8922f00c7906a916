"""The engine's front door: everything that a screen, the CLI or CI can ask of one stack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from console.engine import history, recovery
from console.engine.bus import Bus
from console.engine.gate import Gate
from console.model.color import Color
from console.model.errors import ReadOnlyError, RefusedError
from console.model.events import AbortRequested, Event, LockTakenOver, Record
from console.model.observed import Observed
from console.model.plan import Action
from console.model.request import ImageSource, RecoveryChoice, Request

# A look at a stack is most of what a session is asked for: what plans and runs a rollout is imported when one is.
if TYPE_CHECKING:
    from console.engine.world import Ports
    from console.model.plan import Plan
    from console.model.release import Release
    from console.model.request import Actor, Outcome, Verdict
    from console.model.spec import Spec
    from console.planning.situation import Situation
    from console.ports.journal import LockLabel
    from console.ports.runtime import Runtime

Decide: TypeAlias = "Callable[[], Awaitable[tuple[Plan, Observed, str]]]"
"""From what is observed under the lock to a plan, that observation, and a remark on an earlier rollout."""

MOVES_TRAFFIC_BACK = frozenset({Action.ROLLBACK, Action.CUTOVER, Action.UP})
"""Actions that an unfinished rollout or a drift must not stand in the way of: they are the way out of an incident."""


class Session:
    """One stack under the engine.

    Not thread-safe: all coroutines run on the engine's own loop. `abort`, `hold` and `resume` may be called from
    signal handlers of that loop.
    """

    def __init__(
        self, spec: Spec, ports: Ports, actor: Actor, *, read_only: bool = False, resumable: bool = False
    ) -> None:
        self.spec = spec
        self.ports = ports
        """The stack's outside world, for observers; whoever sends load already puts that in as `make_load`."""
        self.read_only = read_only
        """Whether every action is refused; it holds for what is asked from then on."""
        self.resumable = resumable
        """Whether somebody is there who can let a held rollout go on; without, nothing holds one by itself."""
        self._actor = actor
        self.asker = f"{actor.user}@{actor.host} (pid {actor.pid})"
        """Who acts through it, as other consoles are to read it."""
        self._bus = Bus(ports.journal, ports.clock)
        self._gate: Gate | None = None
        self._rollout = 0

    @property
    def running(self) -> bool:
        """Whether a rollout of this session is under way."""
        return self._gate is not None

    async def observe(self) -> Observed:
        """A snapshot of the stack. Raises `RuntimeFailedError`."""
        return await self.ports.observe()

    async def plan(self, request: Request) -> Plan:
        """What `run` would do, from a fresh snapshot. Raises `RefusedError`."""
        from console.planning.strategy import plan_for  # noqa: PLC0415 - see above

        situation = await self._situation(request)
        self._remark(request.action, situation.observed)
        return plan_for(situation, request)

    async def run(self, request: Request, *, expected: Plan | None = None) -> Outcome:
        """Carry a request out, from lock to receipt.

        Failures of the rollout are outcomes, not exceptions.

        Args:
            request: what is asked.
            expected: the plan that the operator agreed to; when the stack has changed since, nothing is done.

        Raises:
            LockHeldError: another rollout of this stack is running.
            ReadOnlyError: the session is read-only.
            RefusedError: the request makes no sense now; nothing was changed.
        """
        from console.planning.strategy import plan_for  # noqa: PLC0415 - see above

        async def decide() -> tuple[Plan, Observed, str]:
            situation = await self._situation(request)
            remark = self._remark(request.action, situation.observed)
            plan = plan_for(situation, request)
            if expected is not None:
                _same(plan, expected, request.action.value, f"rollout {request.action.value} --plan")
            return plan, situation.observed, remark

        return await self._locked(request, decide)

    def subscribe(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        """Call `listener` with every record from now on, on the engine's loop; returns the way to stop."""
        return self._bus.subscribe(listener)

    def abort(self, by: str) -> None:
        """Ask the running rollout for a safe end; traffic stays where it was seen last. Idempotent."""
        if self._gate is None:
            return
        if self._gate.aborted_by is None and self._rollout:
            self._bus.publish(self._rollout, AbortRequested(by=by))
        self._gate.abort(by)

    def hold(self) -> None:
        """Hold the running rollout at its next gate."""
        if self._gate is not None:
            self._gate.hold()

    def resume(self) -> None:
        """Let a held rollout go on."""
        if self._gate is not None:
            self._gate.resume()

    def newest(self, *kinds: type[Event]) -> Iterator[Record]:
        """As `Journal.newest`."""
        return self.ports.journal.newest(*kinds)

    def history(self, least: int = history.RECENT) -> tuple[Release, ...]:
        """The releases that served last, newest first: `least` or more, or all where there are not so many."""
        return history.recent(self.ports.journal, least=least)

    def standby_since(self) -> Record | None:
        """The `StandbyKept` of the warm standby; None when there is none: never kept, stopped, or serving again."""
        return history.standby_since(self.ports.journal)

    def lock_holder(self) -> LockLabel | None:
        """Who holds the stack's lock; None when free."""
        return self.ports.lock.holder()

    def break_lock(self) -> LockLabel | None:
        """Take the lock away from its holder, on the record. Raises `ReadOnlyError`."""
        self._may_act("break the lock")
        held = self.ports.lock.take_over(self._actor.command, since=self.ports.clock.now())
        if held is not None:
            event = LockTakenOver(
                from_holder=f"{held.user}@{held.host} (pid {held.pid}, {held.command}, since {held.since})",
                by=self.asker,
            )
            self._bus.publish(self.ports.journal.next_rollout() - 1, event)
        return held

    async def verdict(self) -> Verdict:
        """What is true after an interruption, from the journal and the live proxy."""
        if self.ports.lock.holder() is not None:
            return recovery.NOTHING
        return recovery.verdict(recovery.unfinished(self.newest()), await self.observe())

    async def plan_recovery(self, choice: RecoveryChoice) -> Plan:
        """What `recover` would do, from a fresh snapshot. Raises `RefusedError`."""
        plan, _, _ = await self._recovery(choice)
        return plan

    async def recover(self, choice: RecoveryChoice, *, expected: Plan | None = None) -> Outcome:
        """Go on after an interruption. `expected` as in `run`; raises like it."""

        async def decide() -> tuple[Plan, Observed, str]:
            plan, observed, story = await self._recovery(choice)
            if expected is not None:
                _same(plan, expected, f"recover with --{choice.value}", "rollout recover")
            return plan, observed, story

        return await self._locked(Request(action=Action.RECOVER), decide)

    async def take_down(self) -> tuple[str, ...]:
        """Stop and remove the whole stack, as asked for; returns the commands that were run.

        The upstream file then names no color any more: a plain `docker compose up` starts blue alone, and nginx would
        not even start with the name of a green that is not there. `rollout up` brings back what was recorded.

        Raises:
            LockHeldError: a rollout is running.
            ReadOnlyError: the session is read-only.
            RuntimeFailedError: it did not work; the message says what is left.
        """
        self._may_act("take the stack down")
        self.ports.lock.acquire(self._actor.command, since=self.ports.clock.now())
        try:
            configured = (await self.observe()).upstream.configured
            await self.ports.runtime.take_down()
            if configured is not None:
                self.ports.proxy.restore(None, configured.generation + 1)
        finally:
            self.ports.lock.release()
        return self.ports.runtime.narration()

    async def close(self) -> None:
        """Release every connection; a running rollout must have ended before."""
        await self.ports.proxy.close()
        await self.ports.runtime.close()

    async def _recovery(self, choice: RecoveryChoice) -> tuple[Plan, Observed, str]:
        situation = await self._situation(None)
        rest = recovery.unfinished(self.newest())
        found = recovery.verdict(rest, situation.observed)
        if choice not in found.choices:
            ways = ", ".join(f"--{way.value}" for way in found.choices) or "none is needed"
            raise RefusedError(
                f"recover with --{choice.value}",
                f"{found.story} Ways on: {ways}",
                now="nothing was changed",
                next_command="rollout recover" if found.choices else "rollout status",
            )
        return await self._way_on(choice, situation, rest), situation.observed, found.story

    async def _way_on(self, choice: RecoveryChoice, situation: Situation, rest: recovery.Unfinished | None) -> Plan:
        from console.planning.recovery import adopt, finish  # noqa: PLC0415 - see above
        from console.planning.strategy import plan_for  # noqa: PLC0415

        observed = situation.observed
        if choice is RecoveryChoice.ADOPT or rest is None:
            return adopt(situation, observed.active)
        if choice is RecoveryChoice.ROLLBACK:
            return plan_for(situation, Request(action=Action.ROLLBACK))
        if rest.started.target is observed.active:
            return finish(situation, observed.active)
        request = await _again(rest, self.ports.runtime)
        return plan_for(await self._situation(request), request)

    async def _situation(self, request: Request | None) -> Situation:
        from console.planning.situation import Situation  # noqa: PLC0415 - see above

        observed = await self.observe()
        runtime = self.ports.runtime
        deploys = request is not None and request.action is Action.DEPLOY
        reference = (request.image if request else None) or self.spec.images.get(observed.idle)
        return Situation(
            spec=self.spec,
            observed=observed,
            servers={color: runtime.servers(color) for color in Color},
            image_present=deploys and reference is not None and await runtime.resolve(reference) is not None,
            releases=history.back_to(self.ports.journal, request.to_release if request else None),
        )

    def _remark(self, action: Action, observed: Observed) -> str:
        """What to say of an earlier, unfinished rollout. Raises `RefusedError` when it must be dealt with first."""
        found = recovery.verdict(recovery.unfinished(self.newest()), observed)
        if action is Action.UP and not found.rollout and observed.upstream.live is None:
            return ""  # a proxy that is not there yet is what `up` is for
        if found.consistent or action in MOVES_TRAFFIC_BACK:
            return "" if found == recovery.NOTHING else found.story
        way = "rollout recover" if found.choices else "rollout up"
        raise RefusedError(action.value, found.story, now="nothing was changed", next_command=way)

    async def _locked(self, request: Request, decide: Decide) -> Outcome:
        from console.engine.rollout import Rollout  # noqa: PLC0415 - see above

        name = request.action.value
        self._may_act(name)
        label = self.ports.lock.acquire(self._actor.command, since=self.ports.clock.now())
        self._gate = Gate()
        try:
            plan, observed, remark = await decide()
            self._rollout = self.ports.journal.next_rollout()
            rollout = Rollout(
                number=self._rollout,
                request=request,
                spec=self.spec,
                ports=self.ports,
                actor=self._actor,
                bus=self._bus,
                gate=self._gate,
                resumable=self.resumable,
            )
            return await rollout.run(plan, observed, fence=label.fence, remark=remark)
        finally:
            self._gate = None
            self._rollout = 0
            self.ports.lock.release()

    def _may_act(self, attempted: str) -> None:
        if self.read_only:
            raise ReadOnlyError(
                attempted, "this session is read-only", now="nothing was changed", next_command="rollout status"
            )
        if self._gate is not None:
            raise RefusedError(
                attempted,
                "a rollout of this session is running",
                now="that rollout goes on; nothing was changed by this",
                next_command="rollout status",
            )


def _same(plan: Plan, expected: Plan, attempted: str, next_command: str) -> None:
    if plan.render() != expected.render():
        raise RefusedError(
            attempted,
            "the stack has changed since the plan was shown",
            now="nothing was changed",
            next_command=next_command,
        )


async def _again(rest: recovery.Unfinished, runtime: Runtime) -> Request:
    """What an unfinished rollout was asked for, with the very image that it had found, if that is still here."""
    started, found = rest.started, rest.image
    request = Request(
        action=Action(started.action),
        image=started.image,
        source=ImageSource(started.source),
        cutover=started.cutover,
        to_release=started.release,
    )
    if request.action is not Action.DEPLOY or found is None:
        return request
    for reference in (found.reference, found.id):
        image = await runtime.resolve(reference)
        if image is not None and image.id == found.id:
            return replace(request, image=reference, source=ImageSource.LOCAL)
    return request
