"""Facts from `nginx -T`: the configuration as nginx itself reads it, all includes in place. Pure text."""

from __future__ import annotations

import math
import re
from pathlib import PurePosixPath

from console.model.facts import ProxyFacts
from console.planning.preflight.nginx_bypass import bypasses, idle_groups
from console.planning.preflight.nginx_tree import Directive, read_tree

MAPS = frozenset({"$rollout_upstream", "$rollout_generation", "$rollout_color"})
"""The variables that every generated file sets, and that the user's own configuration sets before it."""

_VERSION = re.compile(r"nginx/(?P<version>[0-9]+(?:\.[0-9]+)+)")
_TIME = re.compile(r"(?P<number>[0-9]+)(?P<unit>ms|[smhdwMy]?)")
_UNITS = {
    "": 1.0,
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "M": 2592e3,
    "y": 31536e3,
}
_TARGET = re.compile(r"[a-z]+://(?:\$rollout_upstream|\$\{rollout_upstream\}|rollout)(?:/|$)")


def parse_nginx(
    dump: str,
    *,
    generated: PurePosixPath,
    control_port: int = 9080,
    version: str = "",
    services: frozenset[str] = frozenset(),
) -> ProxyFacts:
    """What a configuration dump says; what can't be found in it stays None.

    Args:
        dump: the output of `nginx -T`, with or without its standard error.
        generated: where nginx sees the generated upstream file, for example `/etc/rollout/upstream.conf`.
        control_port: the port of the control listener.
        version: the output of `nginx -v`, if it was asked.
        services: the names under which the proxy could reach a color without the upstream.
    """
    number = _VERSION.search(version) or _VERSION.search(dump)
    main = read_tree(dump)
    known = tuple(int(part) for part in number["version"].split(".")) if number else None
    http = main.last("http") if main else None
    if main is None or http is None:
        return ProxyFacts(version=known)
    servers = list(http.all("server"))
    control = [server for server in servers if _listens(server, control_port)]
    users = [server for server in servers if server not in control]
    shutdown = main.last("worker_shutdown_timeout")
    return ProxyFacts(
        version=known,
        keepalive_min_timeout=min((_keepalive(server, http) for server in users), default=_keepalive(http, http)),
        worker_shutdown_timeout=(_time(shutdown) or math.inf) if shutdown else math.inf,
        includes_generated=_include(http, generated) is not None,
        routes_by_upstream=any(_routes(server) for server in users),
        bypasses=bypasses(users, http, services, generated=generated.parent),
        idle_groups=idle_groups(users, http, services, generated=generated.parent),
        has_fallback=_fallback(http, generated),
        control_listens=any(_control(server) for server in control),
        retries_non_idempotent=any("non_idempotent" in d.arguments for d in http.deep("proxy_next_upstream")),
    )


def _keepalive(level: Directive, http: Directive) -> float:
    own = level.last("keepalive_min_timeout") or http.last("keepalive_min_timeout")
    return (_time(own) or 0.0) if own else 0.0


def _listens(server: Directive, port: int) -> bool:
    addresses = [directive.arguments[0] for directive in server.all("listen") if directive.arguments]
    return any(address == str(port) or address.endswith(f":{port}") for address in addresses)


def _control(server: Directive) -> bool:
    paths = {location.arguments[-1] for location in server.all("location") if location.arguments}
    return "/generation" in paths and any(path.startswith("/served") for path in paths)


def _routes(server: Directive) -> bool:
    passes = [*server.deep("proxy_pass"), *server.deep("grpc_pass")]
    return any(_TARGET.match(directive.arguments[0]) for directive in passes if directive.arguments)


def _include(http: Directive, generated: PurePosixPath) -> int | None:
    """Position of the first include of the generated files among the directives of the http block."""
    for position, child in enumerate(http.children):
        if child.name == "include" and child.arguments:
            pattern = PurePosixPath(child.arguments[0])
            if pattern.parent == generated.parent and generated.match(pattern.name):
                return position
    return None


def _fallback(http: Directive, generated: PurePosixPath) -> bool | None:
    include = _include(http, generated)
    if include is None:
        return None
    before = {_variable(child) for child in http.children[:include]}
    after = {_variable(child) for child in http.children[include:] if child.file.parent != generated.parent}
    return before >= MAPS and not after & MAPS


def _variable(child: Directive) -> str:
    return child.arguments[1] if child.name == "map" and len(child.arguments) > 1 else ""


def _time(directive: Directive) -> float | None:
    total, text = 0.0, directive.arguments[0] if directive.arguments else ""
    parts = list(_TIME.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    for part in parts:
        total += int(part["number"]) * _UNITS[part["unit"]]
    return total
