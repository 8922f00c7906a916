"""What a process leaves behind that is killed: the stack goes on as it was, and all that was in memory is gone."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.color import Color
from console.model.events import Record
from console.model.observed import Replica, Upstream
from console.model.release import Image
from console.model.spec import Spec
from tests.fakes.stack import FakeStack


@dataclass(frozen=True, kw_only=True)
class Wreck:
    """A stack at the moment of a kill."""

    when: str
    """The record or the call to a port at which it happened, for the test's words."""
    spec: Spec
    containers: dict[Color, tuple[Replica, ...]]
    images: dict[str, Image]
    numbers: int
    file: bytes | None
    running: Upstream | None
    generation: int
    pids: frozenset[int]
    flips: tuple[Color, ...]
    smoke: dict[Color, int | None]
    fresh_failure: int | None
    refuses: bool
    active: Color | None
    journal: tuple[Record, ...]
    fence: int

    @property
    def state(self) -> object:
        """Equal for moments that nobody can tell apart afterwards."""
        where = (self.file, self.running, self.generation, self.active, len(self.journal))
        return (*where, *(self.containers[color] for color in Color))


def wreck_of(stack: FakeStack, when: str) -> Wreck:
    proxy = stack.proxy
    return Wreck(
        when=when,
        spec=stack.spec,
        containers={color: tuple(stack.runtime.containers[color]) for color in Color},
        images=dict(stack.runtime.images),
        numbers=stack.runtime.numbers,
        file=proxy.file,
        running=proxy.running,
        generation=proxy.generation,
        pids=frozenset(proxy.pids),
        flips=tuple(proxy.flips),
        smoke=dict(proxy.smoke),
        fresh_failure=proxy.fresh_failure,
        refuses=proxy.refuses,
        active=stack.active.color,
        journal=tuple(stack.journal.kept),
        fence=stack.lock.fence,
    )


def revived(wreck: Wreck) -> FakeStack:
    """The stack as the next process finds it: the lock of a dead holder is free."""
    stack = FakeStack(wreck.spec)
    runtime, proxy = stack.runtime, stack.proxy
    runtime.containers = {color: list(wreck.containers[color]) for color in Color}
    runtime.images = dict(wreck.images)
    runtime.numbers = wreck.numbers
    proxy.file, proxy.running, proxy.generation = wreck.file, wreck.running, wreck.generation
    proxy.pids, proxy.smoke = set(wreck.pids), dict(wreck.smoke)
    proxy.fresh_failure, proxy.refuses = wreck.fresh_failure, wreck.refuses
    stack.active.color = wreck.active
    stack.journal.kept = list(wreck.journal)
    stack.lock.fence = wreck.fence
    return stack


def wrecks_during(stack: FakeStack) -> list[Wreck]:
    """A list that grows by a wreck at every record and every call to a port from now on; equal moments once."""
    found: list[Wreck] = []
    seen: set[object] = set()

    def keep(when: str) -> None:
        wreck = wreck_of(stack, when)
        if wreck.state not in seen:
            seen.add(wreck.state)
            found.append(wreck)

    stack.session.subscribe(lambda record: keep(f"after {type(record.event).__name__}"))
    stack.runtime.faults.watch = lambda name: keep(f"in runtime.{name}")
    stack.proxy.faults.watch = lambda name: keep(f"in proxy.{name}")
    return found
