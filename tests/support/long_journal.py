"""A journal of many rollouts, of the records that the engine writes, and how much of it is read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from types import TracebackType
from typing import Self

import pytest

from console.model.events import Event, ImageResolved, ReleaseFound, ReleaseServed, RolloutFinished
from console.model.plan import Action
from console.model.request import Request
from console.ports.journal import Journal
from tests.fakes.stack import FakeStack

AT = "2026-01-01T00:00:00.000Z"


def write_rollouts(journal: Journal, count: int, *, first: int = 1, outcome: str = "done") -> None:
    """Add deploys that went well, or had that outcome, each of an image of its own."""
    for number in range(first, first + count):
        for event in _deploy():
            journal.append(rollout=number, at=AT, event=_of(event, number, outcome))


class BytesRead:
    """How many bytes are read from files at a place, while it is entered."""

    def __init__(self) -> None:
        self.bytes = 0
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Self:
        self._patch.setattr(os, "pread", self._counting(os.pread))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patch.undo()

    def _counting(self, pread: Callable[[int, int, int], bytes]) -> Callable[[int, int, int], bytes]:
        def counted(descriptor: int, size: int, offset: int) -> bytes:
            found = pread(descriptor, size, offset)
            self.bytes += len(found)
            return found

        return counted


@cache
def _deploy() -> tuple[Event, ...]:
    """What the engine writes of one deploy."""
    stack = FakeStack()
    request = Request(action=Action.DEPLOY, image="shop:2")
    with ThreadPoolExecutor(1) as apart:  # whoever asks may be in a loop of its own
        apart.submit(lambda: asyncio.run(stack.session.run(request))).result(60)
    return tuple(record.event for record in stack.journal.kept if not isinstance(record.event, ReleaseFound))


def _of(event: Event, number: int, outcome: str) -> Event:
    image = f"sha256:{number:064x}"
    match event:
        case ImageResolved():
            return replace(event, reference=f"shop:{number}", id=image)
        case ReleaseServed():
            return replace(event, reference=f"shop:{number}", image_id=image, origin=number)
        case RolloutFinished():
            return replace(event, outcome=outcome)
        case _:
            return event
