"""A deploy from the call to the read-back, over the sum of what it can't do without."""

from __future__ import annotations

import asyncio
import time

from bench.figures import ratio, seconds
from bench.floor import Floors
from bench.stack import serving_stack, session_on, spec_of
from console.engine.session import Session
from console.model.color import Color
from console.model.events import Record, StepSucceeded
from console.model.plan import Action
from console.model.request import ImageSource, Request, Result
from console.model.spec import Spec

BUILD = Request(action=Action.DEPLOY, source=ImageSource.BUILD)
DEPLOY = Request(action=Action.DEPLOY, source=ImageSource.LOCAL)


def run(rounds: int) -> None:
    with serving_stack() as stack:
        floors = Floors(stack)
        try:
            asyncio.run(_rounds(rounds, floors, spec_of(stack)))
        finally:
            floors.close()


async def _rounds(rounds: int, floors: Floors, spec: Spec) -> None:
    session = await session_on(spec)
    series: list[list[float]] = [[] for _ in range(6)]
    ups, readies, reloads, empty, warm, removals = series
    try:
        for _ in Color:  # both colors get their image
            assert (await session.run(BUILD)).result is Result.DONE
        for number in range(rounds + 1):
            idle = session.spec.services[(await session.observe()).idle]
            removal = await asyncio.to_thread(floors.remove, idle)
            up = await asyncio.to_thread(floors.compose_up, idle)
            ready = await asyncio.to_thread(floors.own_time_to_ready, idle)
            reload = await asyncio.to_thread(floors.reload)
            await asyncio.to_thread(floors.remove, idle)
            from_empty = await _deploy(session)
            over_warm = await _deploy(session)
            if number:
                rows = (ups, readies, reloads, removals, empty, warm)
                for values, value in zip(rows, (up, ready, reload, removal, from_empty, over_warm), strict=True):
                    values.append(value)
    finally:
        await session.close()
    floor = [sum(parts) for parts in zip(ups, readies, reloads, strict=True)]
    seconds("floor: docker compose up of the container", ups)
    seconds("floor: the app's own time to ready", readies)
    seconds("floor: a bare reload until no old worker accepts", reloads)
    seconds("floor: stop and remove a warm standby", removals)
    seconds("deploy, call to read-back, idle color empty", empty)
    seconds("deploy, call to read-back, over a warm standby", warm)
    ratio("deploy / (up + ready + reload)", empty, floor, limit=1.6, aim=1.25)
    with_removal = [sum(parts) for parts in zip(floor, removals, strict=True)]
    ratio("deploy over a standby / (removal + up + ready + reload)", warm, with_removal, limit=1.6, aim=1.25)


async def _deploy(session: Session) -> float:
    """Seconds from the call to the end of the read-back."""
    seen: list[float] = []

    def hear(record: Record) -> None:
        if isinstance(record.event, StepSucceeded) and record.event.step == "read-back":
            seen.append(time.perf_counter())

    stop = session.subscribe(hear)
    began = time.perf_counter()
    outcome = await session.run(DEPLOY)
    stop()
    assert outcome.result is Result.DONE, outcome
    return seen[0] - began
