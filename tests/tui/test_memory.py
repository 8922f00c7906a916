"""What was shown once and is gone leaves nothing behind: a collector's pause is one that a key waits for."""

from __future__ import annotations

import asyncio
import gc
import weakref

from textual.strip import Strip

from tests.tui.pilot import Opened, opened


async def dialog(console: Opened) -> None:
    await console.press("D")
    await console.shows("y do it")
    await console.press("escape")
    await console.until(lambda: len(console.app.screen_stack) == 2)
    await asyncio.sleep(0.1)


async def test_a_dialog_that_was_closed_is_collected_before_many_of_them_pile_up() -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it")
        shown = weakref.ref(console.app.screen)
        gc.disable()
        try:
            await console.press("escape")
            await asyncio.sleep(0.2)
            await dialog(console)  # on a busy machine the first look may come too early
            await console.until(lambda: shown() is None)
        finally:
            gc.enable()


def rows() -> int:
    gc.collect()
    return sum(isinstance(one, Strip) for one in gc.get_objects())


async def test_dialogs_that_are_closed_keep_no_row_that_they_drew() -> None:
    async with opened() as console:
        for _ in range(2):
            await dialog(console)
        before = rows()
        for _ in range(4):
            await dialog(console)
        # Each of them drew more rows than that; the last one may be on its way out still.
        await console.until(lambda: rows() - before < 4 * 24, "for their rows to be gone")
