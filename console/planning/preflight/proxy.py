"""What the running proxy says of itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

from console.model.facts import ProxyFacts
from console.model.finding import Finding
from console.model.spec import Spec
from console.planning.preflight.findings import blocker, hint, ok, seconds, warning

GRACEFUL_RELOADS = (1, 27, 4)
"""The first nginx with `keepalive_min_timeout`."""
LONG_KEEPALIVE = 10.0
"""Seconds of `keepalive_min_timeout` from which on a kept-alive client stays with the old release noticeably long."""


def check(spec: Spec, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """Findings about the live configuration."""
    if proxy is None:
        yield hint(
            "proxy.running",
            f"services.{spec.proxy.service}",
            "the proxy isn't running, so that its configuration could not be checked",
            why="what it would serve is unknown",
            fix="rollout up, then rollout check",
        )
        return
    if proxy.crashed:
        yield blocker(
            "proxy.running",
            f"services.{spec.proxy.service}",
            f"the proxy does not run: {proxy.crashed}",
            why="without it no request reaches the stack",
            fix=f"mend its configuration, then `docker compose up -d --no-deps {spec.proxy.service}`, which takes up "
            "what changed in the Compose file, too",
        )
        return
    if proxy.version is not None:
        yield _version(proxy.version)
    if proxy.keepalive_min_timeout is not None:
        yield _keepalive(proxy.keepalive_min_timeout, spec)
    if proxy.worker_shutdown_timeout is not None:
        yield _shutdown(proxy.worker_shutdown_timeout, spec)
    yield from _wiring(proxy)
    yield from _control(proxy, spec)
    if proxy.retries_non_idempotent:
        yield warning(
            "proxy.non-idempotent-retry",
            "proxy_next_upstream",
            "`proxy_next_upstream` holds `non_idempotent`",
            why="a POST that one replica may have carried out is sent to another: done twice (RFC 9110, 9.2.2)",
            fix="take `non_idempotent` out; a drained color needs no such retry",
        )


def _version(version: tuple[int, ...]) -> Finding:
    code, text = "proxy.version", ".".join(str(part) for part in version)
    if version >= GRACEFUL_RELOADS:
        return ok(code, "nginx", f"nginx {text}")
    return blocker(
        code,
        "nginx",
        f"nginx {text} is older than 1.27.4",
        why="each reload closes idle kept-alive connections; a client that sends at that moment loses its request",
        fix="use nginx 1.27.4 or later (image nginx:1.30), with keepalive_min_timeout",
    )


def _keepalive(value: float, spec: Spec) -> Finding:
    code, where = "proxy.keepalive-min-timeout", "keepalive_min_timeout"
    if value <= 0:
        return blocker(
            code,
            where,
            "`keepalive_min_timeout` is not set",
            why="a reload closes idle kept-alive connections at once: busy clients lose a request at each cutover",
            fix="add `keepalive_min_timeout 2s;` to the http block",
        )
    if value > max(LONG_KEEPALIVE, spec.drain.deadline):
        return warning(
            code,
            where,
            f"`keepalive_min_timeout` is {seconds(value)}",
            why="old workers linger that long, and kept-alive clients may get one more answer of the old release",
            fix="1s or 2s is enough",
        )
    return ok(code, where, f"kept-alive connections survive a reload for {seconds(value)}")


def _shutdown(value: float, spec: Spec) -> Finding:
    code, where, drain = "proxy.worker-shutdown-timeout", "worker_shutdown_timeout", spec.drain.deadline
    if math.isinf(value):
        return hint(
            code,
            where,
            "`worker_shutdown_timeout` is not set",
            why="nothing is cut, but one endless stream keeps an old worker, and its memory, for ever",
            fix=f"add `worker_shutdown_timeout {seconds(drain + 5)};` at the top of nginx.conf",
        )
    if value >= drain:
        return ok(code, where, f"old workers get {seconds(value)}, the drain at most {seconds(drain)}")
    return blocker(
        code,
        where,
        f"`worker_shutdown_timeout` is {seconds(value)}, the drain deadline {seconds(drain)}",
        why="nginx cuts requests that the drain still waits for",
        fix=f"set `worker_shutdown_timeout {seconds(drain + 5)};` (or a shorter x-rollout.drain.deadline)",
    )


def _wiring(proxy: ProxyFacts) -> Iterator[Finding]:
    if proxy.includes_generated is False:
        yield blocker(
            "proxy.include",
            "include",
            "the configuration does not include the generated files",
            why="a cutover would change a file that nginx never reads",
            fix="add `include /etc/rollout/*.conf;` to the http block; `rollout init` prints it",
        )
    elif proxy.includes_generated:
        yield ok("proxy.include", "include", "the generated files are included at http level")
    if proxy.routes_by_upstream is False:
        yield blocker(
            "proxy.routes",
            "proxy_pass",
            "no user traffic goes to `$rollout_upstream`",
            why="a cutover would be seen live and move nobody",
            fix="write `proxy_pass http://$rollout_upstream;` in the location that serves users",
        )
    elif proxy.routes_by_upstream:
        yield ok("proxy.routes", "proxy_pass", "user traffic goes to `$rollout_upstream`")
    if proxy.bypasses:
        yield blocker(
            "proxy.bypass",
            "proxy_pass",
            f"not through the upstream: {'; '.join(proxy.bypasses)}",
            why="a cutover does not move them: they stay with one color, and fail when it is stopped or replaced",
            fix="write `proxy_pass http://$rollout_upstream;` there, too; it passes the path on as it came, so where a "
            "prefix has to go: `rewrite ^/prefix/(.*)$ /$1 break;` before it",
        )
    if proxy.idle_groups:
        yield warning(
            "proxy.idle-group",
            "upstream",
            f"unused, and names a color: {', '.join(proxy.idle_groups)}",
            why="nginx looks its servers up all the same: while that color is down it neither starts nor reloads",
            fix="take the `upstream` block out",
        )
    if proxy.has_fallback is False:
        yield warning(
            "proxy.fallback",
            "map",
            "the maps that hold without a generated file are missing, or come after the include",
            why="with an empty directory nginx does not start; after the include they would overrule every cutover",
            fix="declare the three maps before the include; `rollout init` prints them",
        )
    elif proxy.has_fallback:
        yield ok("proxy.fallback", "map", "without a generated file blue is served")


def _control(proxy: ProxyFacts, spec: Spec) -> Iterator[Finding]:
    code, port = "proxy.control", spec.proxy.control_port
    where, at = f"port {port}", f" on {proxy.control_published}" if proxy.control_published else ""
    if proxy.control_published == "":
        yield blocker(
            code,
            where,
            "the running proxy does not publish its control listener",
            why="the engine can't see what the proxy really serves; a port that was added later needs a new container",
            fix=f'add ports: ["127.0.0.1:{port}:{port}"]; then, once, `docker compose up -d --no-deps '
            f"{spec.proxy.service}`: for as long as the proxy takes to start nobody is served",
        )
    elif proxy.control_listens is False:
        yield blocker(
            code,
            where,
            "the configuration has no control listener",
            why="the engine can't see what the proxy really serves",
            fix="include the control listener that `rollout init` prints",
        )
    elif proxy.control_answers is False:
        yield blocker(
            code,
            where,
            f"the control listener does not answer{at}",
            why="the engine can't see what the proxy really serves",
            fix=f"look at: docker compose logs {spec.proxy.service}",
        )
    elif proxy.control_answers:
        yield ok(code, where, "the control listener answers")
