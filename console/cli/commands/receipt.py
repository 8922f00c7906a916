"""`rollout receipt [ID]`: the evidence of a rollout, in the form that the reader wants."""

from __future__ import annotations

import asyncio
from pathlib import Path

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.receipts import read_receipt


def run(invocation: Invocation) -> int:
    """Print a receipt; the exit code says only whether it could be printed, not how the rollout ended."""
    line = invocation.line
    spec = invocation.spec()

    async def directory() -> Path:
        """The state follows the stack, wherever the command is typed: only a session knows it."""
        async with invocation.backend.session(spec, invocation.actor, read_only=True) as session:
            return session.spec.state / "receipts"

    receipt, raw = read_receipt(asyncio.run(directory()), line.receipt)
    match "json" if line.json else line.format:
        case "json":
            text = raw if raw.endswith("\n") else raw + "\n"
        case "md":
            from console.cli.render.receipt import receipt_markdown  # noqa: PLC0415 - one renderer a run

            text = receipt_markdown(receipt)
        case "junit":
            from console.cli.render.receipt_junit import receipt_junit  # noqa: PLC0415

            text = receipt_junit(receipt)
        case _:
            from console.cli.render.receipt import receipt_text  # noqa: PLC0415

            text = receipt_text(receipt, invocation.data_style)
    invocation.output.data(text)
    return ExitCode.DONE
