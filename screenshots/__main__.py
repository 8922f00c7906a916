"""`python -m screenshots [NAME ...]`: the pictures of the README.

Every picture is of the real program on the embedded stack, under load; nothing in it is drawn by hand.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from screenshots.studio import Studio, studio

HERE = Path(__file__).resolve().parent
_STRIP = 9.0
"""Seconds until the strips are filled."""


async def deploy(studio: Studio) -> None:
    """At rest, the deploy dialog, a cutover under load, its end, and the rollback's dialog."""
    await asyncio.sleep(_STRIP)
    await studio.take("idle")
    await studio.press("D")
    await studio.shows("y do it")
    await studio.take("deploy-dialog")
    await studio.agree()
    await studio.shows("verifying")
    await asyncio.sleep(1.0)
    await studio.take("cutover")
    await studio.done()
    await asyncio.sleep(2.0)
    await studio.take("done")
    await studio.press("R")
    await studio.shows("y do it")
    await studio.take("rollback-dialog")
    await studio.press("escape")


async def drain(studio: Studio) -> None:
    """A color that still serves three slow requests."""
    await asyncio.sleep(4.0)
    async with httpx.AsyncClient(timeout=30.0) as client:
        await studio.press("D")
        await studio.shows("y do it")
        slow = [asyncio.ensure_future(client.get(f"{studio.url}slow?s=8")) for _ in range(3)]
        await studio.agree()
        await studio.shows("drain blue:")
        await asyncio.sleep(0.7)
        await studio.take("drain")
        await asyncio.gather(*slow)
    await studio.done()


async def failure(studio: Studio) -> None:
    """A release that fails once it serves, rolled back by itself."""
    await asyncio.sleep(_STRIP / 2)
    await studio.press("F")
    await studio.shows("it answers 500 at once")
    await studio.take("rehearse")
    await asyncio.sleep(0.4)
    await studio.press("2")
    await studio.agree()
    await studio.done()
    await asyncio.sleep(1.0)
    await studio.take("rolled-back")


async def screens(studio: Studio) -> None:
    """Logs, history, receipt, help, and the other sizes."""
    await studio.press("D")
    await studio.agree()
    await studio.done()
    await asyncio.sleep(_STRIP / 2)
    for key, name, words in (
        ("l", "logs", "listens on"),
        ("h", "history", "releases that served"),
        ("e", "receipt", "requests"),
        ("question_mark", "help", "acting keys"),
        ("i", "replicas", "address"),
    ):
        await studio.press(key)
        await studio.shows(words)
        await studio.take(name)
        await studio.press("escape")
        await studio.shows("1 colors")
    await studio.resize(120, 40)
    await asyncio.sleep(1.0)
    await studio.take("120x40")
    await studio.resize(60, 18)
    await studio.take("60x18")
    await studio.press("2")
    await studio.pilot.pause(0.5)
    await studio.take("60x18-requests")


SCENES: dict[str, Callable[[Studio], Awaitable[None]]] = {
    "deploy": deploy,
    "drain": drain,
    "failure": failure,
    "screens": screens,
}


async def main(names: list[str]) -> None:
    """Take the pictures of these scenes; of all when none is named."""
    for name in names or SCENES:
        sys.stderr.write(f"{name}: {SCENES[name].__doc__}\n")
        async with studio(HERE) as found:
            await SCENES[name](found)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
