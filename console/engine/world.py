"""What a handler can reach: the ports, and what this rollout has learnt so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.model.color import Color
from console.model.errors import DeadlineError
from console.model.events import CommandRan, Event, StepProgressed, Warned
from console.model.observed import Observed, Replica, Upstream
from console.model.release import Image
from console.model.spec import Spec

if TYPE_CHECKING:
    from console.model.load import LoadConfig
    from console.ports.clock import Clock
    from console.ports.journal import ActiveColor, Journal, Lock, Receipts
    from console.ports.load import Load, LoadRun
    from console.ports.proxy import Proxy
    from console.ports.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside world of one stack."""

    runtime: Runtime
    proxy: Proxy
    journal: Journal
    receipts: Receipts
    active: ActiveColor
    lock: Lock
    clock: Clock
    make_load: Callable[[LoadConfig], LoadRun] | None = None
    """Makes a load generator that isn't started yet; None where there is none."""

    async def observe(self) -> Observed:
        """A snapshot of the stack. Raises `RuntimeFailedError`."""
        upstream, replicas = await asyncio.gather(self.proxy.observe(), self.runtime.replicas())
        return Observed(recorded=self.active.read(), replicas=replicas, upstream=upstream)


@dataclass(slots=True, kw_only=True)
class Learnt:
    """What the steps of one rollout pass on to later ones."""

    image: Image | None = None
    origin: int | None = None
    """The number of the earlier release that the image belongs to; None when this rollout makes a new one."""
    started: bool = False
    """Whether this rollout created or started the target's containers."""
    written: bool = False
    """Whether the upstream file may differ from what it was."""
    applied: bool = False
    """Whether the proxy was told to take a new file."""
    before: bytes | None = None
    """The upstream file as it was."""
    workers: frozenset[int] = frozenset()
    """The proxy's accepting workers before `apply`."""
    recorded: bool = False
    """Whether the target is recorded as active, and its release in the history."""


@dataclass(slots=True, kw_only=True)
class World:
    """One rollout's view of everything."""

    spec: Spec
    ports: Ports
    rollout: int
    publish: Callable[[Event], object]
    observed: Observed
    """The snapshot that the plan was made from, under the lock."""
    hold: Callable[[], None] | None
    """Hold the rollout at its next gate; None where nobody could let it go on."""
    load: Load | None = None
    """The synthetic load that runs beside this rollout, if any."""
    learnt: Learnt = field(default_factory=Learnt)
    warned: set[str] = field(default_factory=set)
    """What was warned of once: a way back takes the same steps again."""
    step: str = ""
    """The id of the step that runs."""
    deadline: float | None = None
    """When that step must be over, in seconds that the process was awake."""

    def remaining(self) -> float:
        """Seconds left for the present step; infinity when it has no deadline."""
        return float("inf") if self.deadline is None else self.deadline - self.ports.clock.awake()

    def progress(self, text: str, *, left: float | None = None) -> None:
        """Say what the step is waiting for, and for how many seconds at most: to the step's deadline unless given."""
        left = self.remaining() if left is None else left
        self.publish(
            StepProgressed(step=self.step, text=text, remaining=None if left == float("inf") else max(0.0, left))
        )

    def warn_once(self, text: str, *, hint: str) -> None:
        """Tell something that the operator should know, unless this rollout has told it already."""
        if text not in self.warned:
            self.warned.add(text)
            self.publish(Warned(text=text, hint=hint))

    def expire(self, attempted: str, found: str, now: str = "") -> None:
        """Raise `DeadlineError` when the step's time is up."""
        if self.remaining() <= 0:
            raise DeadlineError(attempted, found, now=now)

    async def replicas(self, color: Color) -> tuple[Replica, ...]:
        """The running replicas of a color, now."""
        every = await self.ports.runtime.replicas()
        return tuple(replica for replica in every if replica.color is color and replica.running)

    def narrate(self) -> None:
        """Publish the external commands that were run since the last call."""
        for command in self.ports.runtime.narration():
            self.publish(CommandRan(step=self.step, command=command))


def addresses(replicas: tuple[Replica, ...]) -> frozenset[str]:
    """The `ip:port` of replicas that have one."""
    return frozenset(replica.address for replica in replicas if replica.address)


def describe(upstream: Upstream) -> str:
    """An upstream in words."""
    return f"{upstream.color.value}, generation {upstream.generation}"
