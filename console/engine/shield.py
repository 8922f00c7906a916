"""Clean-up that a cancellation can't tear apart."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def shielded(work: Coroutine[Any, Any, T], *, deadline: float) -> T:
    """Finish `work` however often the caller is cancelled, within `deadline` seconds; then be cancelled.

    Raises:
        TimeoutError: the deadline passed; `work` was cancelled.
        CancelledError: the caller was cancelled meanwhile; `work` is finished all the same.
    """
    task = asyncio.ensure_future(asyncio.wait_for(work, deadline))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result
