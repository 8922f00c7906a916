"""`rollout check`: findings by severity, each with why and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from console.cli.render.clean import clean
from console.cli.render.document import document
from console.cli.render.problem import field_lines
from console.cli.render.style import Mark, Style
from console.model.finding import Finding, Severity

_GROUPS = (
    (Severity.BLOCKER, Mark.FAILED, "will drop requests, or can't be deployed"),
    (Severity.WARNING, Mark.WARNING, "may bite one day"),
    (Severity.HINT, Mark.NOTE, "nothing is lost by it"),
    (Severity.OK, Mark.DONE, "checked, and in order"),
)


def findings_text(findings: Sequence[Finding], style: Style) -> str:
    """The findings for people, and a last line that answers the question."""
    lines: list[str] = []
    for severity, mark, meaning in _GROUPS:
        group = [finding for finding in findings if finding.severity is severity]
        if not group:
            continue
        lines.append(style.bold(f"{severity.value} ({meaning})"))
        for finding in group:
            lines += _finding(finding, mark, style)
        lines.append("")
    lines.append(_answer(findings, style))
    return "\n".join(lines) + "\n"


def findings_document(findings: Sequence[Finding], code: int) -> dict[str, object]:
    """The same as one JSON object."""
    return document("check", {"exit_code": code, "findings": [asdict(finding) for finding in findings]})


def _finding(finding: Finding, mark: Mark, style: Style) -> list[str]:
    head = f"  {style.mark(mark, finding.code)}"
    if finding.severity is Severity.OK:
        return style.hang(f"{head}  {clean(finding.what)}", indent=6)
    lines = [f"{head}  {clean(finding.where)}" if finding.where else head]
    for name, text in (("found", finding.what), ("why", finding.why), ("fix", finding.fix)):
        lines += [f"  {line}" for line in field_lines(name, text, style)]
    return lines


def _answer(findings: Sequence[Finding], style: Style) -> str:
    counts = Counter(finding.severity for finding in findings)
    blockers, warnings = counts[Severity.BLOCKER], counts[Severity.WARNING]
    if blockers:
        return style.mark(Mark.FAILED, f"will this drop requests? it may: {_count(blockers, 'blocker')}")
    if warnings:
        return style.mark(Mark.WARNING, f"will this drop requests? no, but {_count(warnings, 'warning')}")
    return style.mark(Mark.DONE, "will this drop requests? no")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
