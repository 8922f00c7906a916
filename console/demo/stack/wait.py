"""Wait for another process to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from console.adapters.proxy.http import FetchError, fetch, target_of

_POLL = 0.02


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until the answer is yes; the caller sets the deadline."""
    while not await condition():  # noqa: ASYNC110 - another process can't set an event of ours
        await asyncio.sleep(_POLL)


async def answers_ok(url: str) -> bool:
    """Whether a GET of `url` is answered with 200 within a second."""
    try:
        return (await fetch(target_of(url), timeout=1.0)).status == 200  # noqa: PLR2004
    except FetchError:
        return False
