"""Faults that a fake port is told to have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Faults:
    """Calls by name: what to raise, where to hang, and what was called."""

    raises: dict[str, Exception] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    watch: Callable[[str], None] = lambda _: None
    """Told of every call before it does anything."""

    def let_go(self) -> None:
        """What hangs goes on, and nothing hangs any more. To be called where it hangs: on that event loop."""
        self.hangs.clear()
        self.released.set()

    def meet(self, name: str) -> None:
        self.calls.append(name)
        self.watch(name)
        if name in self.raises:
            raise self.raises[name]

    async def ameet(self, name: str) -> None:
        self.meet(name)
        if name in self.hangs:
            self.hangs.discard(name)
            self.hanging.set()
            await self.released.wait()
        await asyncio.sleep(0)
