"""An open console retires the warm standby once it has been kept for as long as it was to be."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from console.model.color import Color
from console.model.events import ColorRetired, RolloutFinished
from console.model.spec import StandbySpec
from console.tui.obstacles import obstacle
from tests.fakes.stack import make_spec
from tests.tui.pilot import Opened, opened

KEEP = 4.0


def running(console: Opened, color: Color) -> bool:
    return any(replica.running for replica in console.stack.runtime.containers[color])


async def deployed(console: Opened) -> None:
    await console.press("D")
    await console.agree("deploy: blue serves, target green")
    await console.shows("rollout 1 done")


def waited(console: Opened) -> float:
    """Seconds from the end of the deploy to the beginning of what came next."""
    kept = console.stack.journal.kept
    end = next(number for number, record in enumerate(kept) if isinstance(record.event, RolloutFinished))
    after, before = (datetime.fromisoformat(kept[number].at) for number in (end + 1, end))
    return (after - before).total_seconds()


async def test_it_is_retired_when_its_time_is_over_and_not_before() -> None:
    async with opened(spec=replace(make_spec(), standby=StandbySpec(keep=KEEP))) as console:
        await deployed(console)
        await console.until(lambda: not running(console, Color.BLUE), "for the standby to be stopped")
        await console.shows("4 rollout  2  retire", "done:")
        assert console.stack.proxy.color is Color.GREEN
        assert [r.event.color for r in console.stack.journal.kept if isinstance(r.event, ColorRetired)] == [Color.BLUE]
        assert waited(console) > KEEP - 0.5
        await console.until(lambda: "nothing to stop" in obstacle("retire", console.app.board), "for the look")


async def test_one_that_may_be_kept_longer_stays() -> None:
    async with opened(spec=replace(make_spec(), standby=StandbySpec(keep=900.0))) as console:
        await deployed(console)
        await asyncio.sleep(6.0)
        assert running(console, Color.BLUE)
        assert "R rollback ready: blue" in console.text


async def test_a_console_that_may_only_look_retires_nothing() -> None:
    keep = 10.0  # so that it is locked in time
    async with opened(spec=replace(make_spec(), standby=StandbySpec(keep=keep))) as console:
        await deployed(console)
        await console.press("exclamation_mark")
        await console.until(lambda: console.stack.session.read_only, "for the lock")
        await asyncio.sleep(keep + 6.0)
        assert running(console, Color.BLUE)
