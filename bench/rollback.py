"""A rollback to a warm standby, until the color being left answers no fresh connection any more, over a bare reload."""

from __future__ import annotations

import asyncio
import http.client
import threading
import time
from typing import Self

from bench.deploy import BUILD
from bench.figures import ratio, seconds
from bench.floor import Floors
from bench.stack import serving_stack, session_on, spec_of
from console.model.color import Color
from console.model.plan import Action
from console.model.request import Request, Result
from console.model.spec import Spec
from tests.support.stack import ReferenceStack

ROLLBACK = Request(action=Action.ROLLBACK)


def run(rounds: int) -> None:
    with serving_stack() as stack:
        floors = Floors(stack)
        try:
            asyncio.run(_rounds(rounds, stack, floors, spec_of(stack)))
        finally:
            floors.close()


async def _rounds(rounds: int, stack: ReferenceStack, floors: Floors, spec: Spec) -> None:
    session = await session_on(spec)
    reloads, rollbacks = [], []
    try:
        for _ in Color:
            assert (await session.run(BUILD)).result is Result.DONE
        for number in range(rounds + 1):
            reload = await asyncio.to_thread(floors.reload)
            left = (await session.observe()).active
            with FreshConnections(stack.http_port) as asker:
                began = time.perf_counter()
                outcome = await session.run(ROLLBACK)
                await asyncio.sleep(0.2)
            assert outcome.result is Result.DONE, outcome
            if number:
                reloads.append(reload)
                rollbacks.append(asker.last[left.value] - began)
    finally:
        await session.close()
    seconds("floor: a bare reload until no old worker accepts", reloads)
    seconds("rollback, call to the last answer of the color left", rollbacks)
    ratio("rollback / bare reload", rollbacks, reloads, limit=2.0, aim=1.5)


class FreshConnections:
    """Asks on a new connection again and again; `last` is when each color began its last answer's request."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.last: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _ask(self) -> None:
        while not self._stop.wait(0.002):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            try:
                connection.request("GET", "/health")
                answer = connection.getresponse()
                answer.read()
                self.last[answer.headers["X-Rollout-Color"]] = time.perf_counter()
            finally:
                connection.close()
