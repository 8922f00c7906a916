"""All checks in their order."""

from __future__ import annotations

from console.model.facts import Facts
from console.model.finding import Finding
from console.planning.preflight import files, host, mounts, ports, proxy, times


def preflight(facts: Facts) -> tuple[Finding, ...]:
    """Everything that was checked, in a stable order: the service, the proxy's wiring, times, the proxy, the machine.

    What is unknown gives no finding, except for a proxy that isn't running: then that is one.
    """
    findings: list[Finding] = []
    if facts.static is not None:
        findings += files.check(facts.spec, facts.static, facts.host)
        findings += mounts.check(facts.spec, facts.static)
        findings += times.check(facts.spec, facts.static)
    findings += proxy.check(facts.spec, facts.proxy)
    if facts.proxy is not None and not facts.proxy.crashed:
        findings += ports.check(facts.spec, facts.static, facts.proxy)
    findings += host.check(facts.spec, facts.host)
    return tuple(findings)
