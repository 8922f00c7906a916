"""`rollout recover`: say what is true after an interruption, and go on in the way that was chosen."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from console.cli.ask import choose
from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.document import document
from console.cli.render.problem import field_lines
from console.cli.render.style import Style
from console.cli.runner import carry_out
from console.model.errors import RefusedError
from console.model.request import RecoveryChoice, Verdict

_MEANINGS = {
    RecoveryChoice.RESUME: "carry the rollout on from what is seen now",
    RecoveryChoice.ROLLBACK: "back to the color that served before",
    RecoveryChoice.ADOPT: "take what is live for the truth, move no traffic",
}


def run(invocation: Invocation) -> int:
    """Print the verdict; with a choice, carry it out. Exit code 1 while anything is left to choose or unseen."""
    spec = invocation.spec()
    line = invocation.line

    async def inside() -> int:
        async with invocation.backend.session(spec, invocation.actor, read_only=line.read_only) as session:
            verdict = await session.verdict()
            choice = RecoveryChoice(line.choice) if line.choice else None
            if choice is None:
                _show(invocation, verdict)
                choice = _ask(invocation, verdict)
            if choice is None:
                return ExitCode.DONE if verdict.consistent and not verdict.choices else ExitCode.NEEDS_HUMAN
            if choice not in verdict.choices:
                raise RefusedError(
                    f"recover by {choice.value}",
                    f"that is no way on here ({_names(verdict) or 'there is nothing to recover'})",
                    now=verdict.story,
                    next_command="rollout recover" if verdict.choices else "rollout status",
                )
            picked = choice
            outcome = await carry_out(invocation, session, lambda: session.recover(picked))
            return outcome.result.exit_code

    return asyncio.run(inside())


def _ask(invocation: Invocation, verdict: Verdict) -> RecoveryChoice | None:
    if not verdict.choices or not invocation.interactive or invocation.line.json or invocation.line.read_only:
        return None
    answer = choose(invocation, "Which way on?", tuple(choice.value for choice in verdict.choices))
    return RecoveryChoice(answer) if answer else None


def _show(invocation: Invocation, verdict: Verdict) -> None:
    if invocation.line.json:
        invocation.output.document(document("verdict", asdict(verdict)))
    else:
        invocation.output.data(verdict_text(invocation, verdict, invocation.data_style))


def verdict_text(invocation: Invocation, verdict: Verdict, style: Style) -> str:
    """The verdict and the ways on, for people."""
    head = f"rollout {verdict.rollout} never ended" if verdict.rollout else "every rollout has ended"
    lines = [style.bold(head)]
    lines += field_lines("now", verdict.story, style)
    lines += field_lines("so", _consequence(verdict), style)
    for choice in verdict.choices:
        lines += field_lines(choice.value, _MEANINGS[choice], style)
        lines += field_lines("", invocation.command("recover", f"--{choice.value}"), style, verbatim=True)
    return "\n".join(lines) + "\n"


def _consequence(verdict: Verdict) -> str:
    if verdict.consistent:
        return "state, file and live proxy agree: a new rollout may begin"
    if not verdict.choices:
        return "nothing can be settled until the proxy answers again: start it, then ask once more"
    return "a deploy waits until one of these ways was taken"


def _names(verdict: Verdict) -> str:
    names = ", ".join(choice.value for choice in verdict.choices)
    return f"ways on: {names}" if names else ""
