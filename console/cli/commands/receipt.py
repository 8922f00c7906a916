"""`rollout receipt [ID]`: the evidence of a rollout, in the form that the reader wants."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.receipts import read_receipt
from console.cli.render.document import document

if TYPE_CHECKING:
    from console.model.receipt import Receipt
    from console.model.spec import Spec


def run(invocation: Invocation) -> int:
    """Print a receipt; the exit code says only whether it could be printed, not how the rollout ended."""
    line = invocation.line
    receipt, raw = asyncio.run(_read(invocation, invocation.spec()))
    if line.json:
        invocation.output.document(document("receipt", {"receipt": json.loads(raw)}))
        return ExitCode.DONE
    match line.format:
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


async def _read(invocation: Invocation, spec: Spec) -> tuple[Receipt, str]:
    """The receipt that was meant, and its text. The state follows the stack: only a session knows where it is."""
    async with invocation.backend.session(spec, invocation.actor, read_only=True) as session:
        # Imported here, and so after Compose's process was started: see `RealBackend.load`.
        from console.cli.absent_receipt import last_rollout, refuse_absent  # noqa: PLC0415

        rollout = invocation.line.receipt or last_rollout(session)
        if rollout is not None:
            refuse_absent(session, rollout)
        return read_receipt(session.spec.state / "receipts", rollout)
