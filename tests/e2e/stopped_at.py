"""A deploy of the embedded stack that stops its own process in steps of it, until somebody lets it go on.

    python -m tests.e2e.stopped_at IMAGE STEP...

Its deadlines are as short as they may be. It prints `stopping` before each stop, and at last how the rollout ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from dataclasses import replace

from console.engine.session import Session
from console.model.events import Record, StepFailed, StepStarted, Warned
from console.model.plan import Action
from console.model.request import Actor, Request
from console.model.spec import WatchSpec
from console.wiring import embedded_session

ACTOR = Actor(user="test", host=socket.gethostname(), pid=os.getpid(), command="rollout deploy --load")


def stop() -> None:
    """Ctrl-Z."""
    sys.stdout.write("stopping\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSTOP)


async def deploy(session: Session, image: str, steps: set[str]) -> dict[str, object]:
    """Run it; what came of it, for the parent to read."""
    spec = session.spec
    session.spec = replace(spec, ready=replace(spec.ready, deadline=3.0), watch=WatchSpec(window=2.0))
    told: list[Record] = []

    def hear(record: Record) -> None:
        told.append(record)
        if isinstance(record.event, StepStarted) and record.event.step in steps:
            # In the midst of the step: its first look is under way by then, or one of the first.
            asyncio.get_running_loop().call_later(0.05 if record.event.step == "watch" else 0.0, stop)

    session.subscribe(hear)
    load = spec.load
    assert load is not None
    outcome = await session.run(Request(action=Action.DEPLOY, image=image, load=replace(load, rate=100.0)))
    return {
        "result": outcome.result.value,
        "active": outcome.active.value if outcome.active else None,
        "message": outcome.message,
        "failed": [one.event.step for one in told if isinstance(one.event, StepFailed)],
        "stops": [one.event.text for one in told if isinstance(one.event, Warned) and "stopped for" in one.event.text],
    }


async def main() -> None:
    async with embedded_session(ACTOR) as session:
        told = await deploy(session, sys.argv[1], set(sys.argv[2:]))
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    asyncio.run(main())
