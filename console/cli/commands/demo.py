"""`rollout demo`: the console on an embedded stack, without Docker; or real deploys on it, headless."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.document import document
from console.cli.render.style import Mark
from console.cli.screen import can_open, run_console

if TYPE_CHECKING:
    from console.engine.session import Session
    from console.model.request import Outcome


def run(invocation: Invocation) -> int:
    """Open the console; headless, run the deploys, of which the first that fails ends the demo with its code."""
    if not invocation.line.headless and can_open(invocation):
        return run_console(invocation, lambda: invocation.backend.demo(invocation.line, invocation.actor), demo=True)

    async def inside() -> int:
        _end_like_ctrl_c()
        async with invocation.backend.demo(invocation.line, invocation.actor) as session:
            return await _deploys(invocation, session)

    try:
        return asyncio.run(inside())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _end_like_ctrl_c() -> None:
    """While the stack comes up, SIGTERM and SIGHUP take it down again, as asyncio does for SIGINT by itself."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this runs inside a coroutine
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def _deploys(invocation: Invocation, session: Session) -> int:
    # The console, which is the other half of this command, is painted without them.
    from console.cli.receipts import read_receipt  # noqa: PLC0415
    from console.cli.render.receipt import receipt_text  # noqa: PLC0415
    from console.cli.runner import carry_out  # noqa: PLC0415
    from console.model.plan import Action  # noqa: PLC0415
    from console.model.request import Request, Result  # noqa: PLC0415

    request = Request(action=Action.DEPLOY, load=session.spec.load)  # without load it would prove nothing

    outcome: Outcome | None = None
    for number in range(1, invocation.line.deploys + 1):
        _say(invocation, f"deploy {number} of {invocation.line.deploys}")
        outcome = await carry_out(invocation, session, lambda: session.run(request))
        if outcome.result is not Result.DONE:
            break
    if outcome is None:
        return ExitCode.DONE
    receipt, raw = read_receipt(session.spec.state / "receipts", outcome.rollout)
    if invocation.line.json:
        invocation.output.document(document("receipt", {"receipt": json.loads(raw)}))
    else:
        invocation.output.data(receipt_text(receipt, invocation.data_style))
    if invocation.line.keep and outcome.result is Result.DONE:
        await _until_interrupted(invocation, session)
    return outcome.result.exit_code


async def _until_interrupted(invocation: Invocation, session: Session) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    _say(invocation, f"it goes on serving at {session.spec.smoke.url} until Ctrl-C; its state: {session.spec.state}")
    await stop.wait()


def _say(invocation: Invocation, text: str) -> None:
    invocation.output.narrate(invocation.style.mark(Mark.NOTE, text) + "\n")
