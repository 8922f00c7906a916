"""Errors: what was attempted, what was found, what is true now, the next command to type."""

from __future__ import annotations

from console.cli.exit_codes import ExitCode
from console.cli.render.clean import clean
from console.cli.render.document import VERSION, document
from console.cli.render.style import Mark, Style
from console.model.errors import ConfigError, RolloutError, UsageError


def error_text(error: RolloutError, style: Style) -> str:
    """An error for people, with every problem of the input on lines of its own."""
    lines = [style.mark(Mark.FAILED, f"could not {clean(error.attempted)}")]
    problems = error.problems if isinstance(error, ConfigError | UsageError) else ()
    if problems:
        for problem in problems:
            where = f"{clean(problem.where)}: " if problem.where else ""
            where = f"{clean(problem.place)} {where}" if problem.place else where
            lines += style.fold(where + clean(problem.message), first=2, indent=4)
            if problem.hint:
                lines += style.fold(clean(problem.hint), first=4, indent=4)
    else:
        lines += field_lines("found", error.found, style)
    lines += field_lines("now", error.now, style)
    lines += field_lines("next", error.next_command, style, verbatim=True)
    return "\n".join(lines) + "\n"


def field_lines(name: str, text: str, style: Style, *, verbatim: bool = False) -> list[str]:
    """`  name       text`, folded unless it is to be pasted; nothing for an empty text."""
    if not text:
        return []
    head = f"  {name:<10} "
    if verbatim:
        return [head + clean(text)]
    lines = style.fold(clean(text), first=len(head), indent=len(head))
    return [head + lines[0][len(head) :], *lines[1:]]


def error_document(error: RolloutError, code: ExitCode, *, version: int = VERSION) -> dict[str, object]:
    """The same as one JSON object of type `error`, in the version of the stream that it ends."""
    fields: dict[str, object] = {
        "error": type(error).__name__.removesuffix("Error").lower(),
        "exit_code": int(code),
        "message": str(error),
        "attempted": error.attempted,
        "found": error.found,
        "now": error.now,
        "next_command": error.next_command,
        "problems": [],
    }
    if isinstance(error, ConfigError | UsageError):
        fields["problems"] = [
            {"where": problem.where, "message": problem.message, "hint": problem.hint, "place": problem.place}
            for problem in error.problems
        ]
    return document("error", fields, version=version)
