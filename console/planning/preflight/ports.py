"""Whether the running proxy is where the configuration says that it is published."""

from __future__ import annotations

from collections.abc import Iterator

from console.model.facts import ProxyFacts, StaticFacts
from console.model.finding import Finding
from console.model.spec import Spec
from console.planning.preflight.findings import ok, warning


def check(spec: Spec, static: StaticFacts | None, proxy: ProxyFacts) -> Iterator[Finding]:
    """Findings about the published ports; that of the control listener has a finding of its own."""
    code, where = "proxy.ports", f"services.{spec.proxy.service}.ports"
    really = {address.rpartition(":")[2] for address in proxy.forwarded or ()}
    users = [port for port in (static.proxy.ports if static else ()) if port.target != spec.proxy.control_port]
    expected = sorted({port.published for port in users if port.published is not None and port.protocol == "tcp"})
    elsewhere = [port for port in expected if str(port) not in really]
    if proxy.forwarded is not None and elsewhere:
        yield warning(
            code,
            where,
            f"the running proxy is not published on port {', '.join(map(str, elsewhere))}, as the configuration has "
            f"it, but on {', '.join(proxy.forwarded) or 'none'}",
            why="smoke and load go where the configuration says, and are refused: a deploy is rolled back",
            fix="give every command the variables that the stack was brought up with, best in `.env`; or, where the "
            f"configuration has changed, `docker compose up -d --no-deps {spec.proxy.service}`: for as long as the "
            "proxy takes to start nobody is served",
        )
    if proxy.refused_at:
        yield warning(
            code,
            where,
            f"nothing listens on {', '.join(proxy.refused_at)}, though the proxy runs and publishes it",
            why="whoever comes by it is refused: nginx does not listen on that port, or Docker's forwarder has ended "
            "(`docker-proxy` does for good when thousands of waiting connections take all its descriptors)",
            fix="give nginx a `listen` for it or take it out of `ports`; or, for a forwarder that ended, "
            f"`docker compose restart {spec.proxy.service}`: for as long as it takes to start nobody is served",
        )
    if expected and proxy.forwarded and not elsewhere and not proxy.refused_at:
        yield ok(code, where, "the proxy answers where it is published")
