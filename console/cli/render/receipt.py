"""The receipt for people: text and Markdown. The text is ours; what came from outside is cleaned."""

from __future__ import annotations

import re

from console.cli.render.clean import clean
from console.cli.render.durations import duration, stamp
from console.cli.render.problem import field_lines
from console.cli.render.receipt_failures import failure_lines
from console.cli.render.receipt_load import aligned, facts_of_load, tables
from console.cli.render.style import Mark, Style
from console.model.receipt import Receipt
from console.model.receipt_load import ReceiptLoad
from console.model.release import image_name, short_id

_MARKS = re.compile(r"[\\|*_`<>\[\]&~$]")
"""What begins something within a line: emphasis, code, HTML and its entities, links, cells; formulas where they are."""
_BLOCKS = re.compile(r"^(\s*\d*)(#|[-+.)](?=\s|$))")
"""What begins something at the beginning of a line: a heading, a list."""
_FENCES = re.compile(r"`+")

_STEP_MARKS = {"succeeded": Mark.DONE, "failed": Mark.FAILED, "cancelled": Mark.WARNING}


def receipt_text(receipt: Receipt, style: Style) -> str:
    """The receipt for a terminal."""
    good = receipt.exit_code == 0
    mark = style.mark(Mark.DONE if good else Mark.FAILED, receipt.result.replace("_", " "))
    lines = [f"{style.bold(f'receipt {receipt.rollout}')}: {receipt.action} of {clean(receipt.project)}  {mark}"]
    for name, value in facts(receipt):
        lines += field_lines(name, value, style)
    width = max((len(clean(step.title)) for step in receipt.steps), default=0)
    width = min(width, style.terminal.width - 24)
    for step in receipt.steps:
        state = style.mark(_STEP_MARKS.get(step.status, Mark.NOTE), step.status, width=12)
        title = style.fit(clean(step.title), width)
        lines.append(f"  {state}{title:<{width}}  {duration(step.seconds):>8}".rstrip())
    for name, values in (("failure", receipt.failures), ("warning", receipt.warnings)):
        for value in values:
            lines += field_lines(name, value, style)
    for kept in receipt.logs:
        lines.append(f"  last lines of {clean(kept.replica)}:")
        lines += [f"    | {clean(line)}" for line in kept.lines]
    if receipt.load is not None:
        lines += _load_lines(receipt.load, style)
    lines += field_lines("next", receipt.next_command, style, verbatim=True)
    return "\n".join(lines) + "\n"


def _load_lines(load: ReceiptLoad, style: Style) -> list[str]:
    """Tables and failed requests: below the reason, which they must not push out of sight."""
    lines: list[str] = []
    for table in aligned(load, style, width=style.terminal.width - 2):
        lines += ["", *(f"  {line}" for line in table)]
    if load.failures:
        lines += ["", "  failed requests"]
        for line in failure_lines(load):
            lines += style.fold(line, first=4, indent=6)
    return [*lines, ""]


def facts(receipt: Receipt) -> list[tuple[str, str]]:
    """Names and values that every rendering shows; empty values are left out."""
    moved = " -> ".join(color.value if color else "nothing" for color in (receipt.previous, receipt.active))
    found = [
        ("when", f"{stamp(receipt.started_at)}, took {duration(receipt.seconds)}"),
        ("who", f"{receipt.user} on {receipt.host}"),
        ("command", receipt.command),
        ("serving", moved),
        ("message", receipt.message),
        ("cut", f"{receipt.cut_requests} requests at the drain deadline: dropped" if receipt.cut_requests else ""),
    ]
    if receipt.load is not None:
        found += facts_of_load(receipt.load)
    for image in receipt.images:
        short = short_id(image.id)
        digest = f", {image.digest}" if image.digest else ""
        found.append(("image", f"{image.color.value} {image_name(image.reference)} ({short}{digest})"))
    if receipt.versions:
        found.append(("versions", ", ".join(f"{name} {version}" for name, version in receipt.versions)))
    return [(name, clean(value)) for name, value in found if value]


def receipt_markdown(receipt: Receipt) -> str:
    """The receipt for a pull request or a ticket."""
    state = receipt.result.replace("_", " ")
    lines = [f"# Rollout {receipt.rollout}: {receipt.action} of {_cell(receipt.project)}, {state}", ""]
    lines += [f"- **{name}**: {_code(value) if name == 'command' else _cell(value)}" for name, value in facts(receipt)]
    lines += [f"- **exit code**: {receipt.exit_code}", ""]
    lines += ["| step | result | took | detail |", "|---|---|---:|---|"]
    lines += [
        f"| {_cell(step.title)} | {_cell(step.status)} | {duration(step.seconds)} | {_cell(step.detail)} |"
        for step in receipt.steps
    ]
    if receipt.load is not None:
        for table in tables(receipt.load):
            lines += ["", f"| {' | '.join(table[0])} |", "|---|" + "---:|" * (len(table[0]) - 1)]
            lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table[1:]]
    for title, values in (("Failures", receipt.failures), ("Warnings", receipt.warnings)):
        if values:
            lines += ["", f"## {title}", "", *(f"- {_cell(value)}" for value in values)]
    for kept in receipt.logs:
        lines += ["", f"## Last lines of {_cell(kept.replica)}", "", *(f"    {clean(line)}" for line in kept.lines)]
    if receipt.load is not None and receipt.load.failures:
        lines += ["", "## Failed requests", "", *(f"- {_cell(line)}" for line in failure_lines(receipt.load))]
    if receipt.next_command:
        lines += ["", f"Next: {_code(receipt.next_command)}"]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    """Text that can be copied from Markdown and pasted (CommonMark §6.1: a longer fence than any within)."""
    text = clean(text)
    fence = "`" * (1 + max(map(len, _FENCES.findall(text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _cell(text: str) -> str:
    """Text that stays text in Markdown, also at the beginning of a line."""
    escaped = _MARKS.sub(r"\\\g<0>", clean(text))
    return _BLOCKS.sub(r"\1\\\2", escaped)
