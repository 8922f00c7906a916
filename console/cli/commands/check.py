"""`rollout check`: will this drop requests?"""

from __future__ import annotations

import asyncio

from console.cli.exit_codes import ExitCode
from console.cli.invocation import Invocation
from console.cli.render.findings import findings_document, findings_text
from console.model.finding import Severity


def run(invocation: Invocation) -> int:
    """Print every finding. Exit code 1 with a blocker; with `--strict`, with a warning too."""
    spec = invocation.spec()
    findings = asyncio.run(invocation.backend.findings(spec))
    counting = {Severity.BLOCKER, Severity.WARNING} if invocation.line.strict else {Severity.BLOCKER}
    bad = any(finding.severity in counting for finding in findings)
    code = ExitCode.NEEDS_HUMAN if bad else ExitCode.DONE
    if invocation.line.json:
        invocation.output.document(findings_document(findings, code))
    else:
        invocation.output.data(findings_text(findings, invocation.data_style))
    return code
