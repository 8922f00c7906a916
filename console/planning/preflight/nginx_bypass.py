"""Ways through the proxy that name a color themselves, so that no cutover moves them. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from console.planning.preflight.nginx_tree import Directive

PASSES = ("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass")
_HOST = re.compile(r"(?:[a-z]+://)?(?P<host>[^/:;\s]+)")
_SERVER = re.compile(r"(?:[a-z]+://)?[^/?#]*")
_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)\}?")


def bypasses(
    servers: Sequence[Directive], http: Directive, services: frozenset[str], *, generated: PurePosixPath
) -> tuple[str, ...]:
    """The places that send requests to a service of the stack by its own name, for people: where, and to what.

    To which server, that is: the path there may hold a token, and these lines are kept.

    Args:
        servers: the servers that users reach.
        http: the http block, for upstream groups and the values of variables.
        services: the services of both colors.
        generated: the directory of the generated files: the group there is the upstream itself.
    """
    colors = services | _groups(http, services, generated)
    values = _values(http)
    found = (
        f"{place}: {directive.name} {_server(directive.arguments[0])}"
        for server in servers
        for place, directive in _passes(server, _place(server))
        if any(_host(target) in colors for target in _targets(directive.arguments[0], values))
    )
    return tuple(dict.fromkeys(found))


def idle_groups(
    servers: Sequence[Directive], http: Directive, services: frozenset[str], *, generated: PurePosixPath
) -> tuple[str, ...]:
    """Upstream groups that name a color and that no server uses any more: nginx looks their names up all the same."""
    values = _values(http)
    used = {
        _host(target)
        for server in servers
        for _, directive in _passes(server, "")
        for target in _targets(directive.arguments[0], values)
    }
    return tuple(sorted(_groups(http, services, generated) - used))


def _passes(level: Directive, place: str) -> Iterator[tuple[str, Directive]]:
    for child in level.children:
        if child.name in PASSES and child.arguments:
            yield place, child
        elif child.children:
            yield from _passes(child, _place(child) if child.name == "location" else place)


def _place(level: Directive) -> str:
    return " ".join((level.name, *level.arguments))


def _values(http: Directive) -> Mapping[str, list[str]]:
    """Every value that a variable is given somewhere."""
    values: dict[str, list[str]] = defaultdict(list)
    for each in http.deep("set"):
        if len(each.arguments) > 1:
            values[each.arguments[0]].append(each.arguments[1])
    for each in http.all("map"):
        for name in each.arguments[1:2]:
            values[name] += [entry.arguments[-1] for entry in each.children if entry.arguments]
    return values


def _targets(argument: str, values: Mapping[str, list[str]]) -> Iterator[str]:
    """What a pass may mean: itself, or each value of its variable."""
    variable = _VARIABLE.search(argument)
    if variable is None:
        yield argument
        return
    name = f"${variable['name']}"
    if name == "$rollout_upstream":
        return
    for value in values.get(name, ()):
        yield argument[: variable.start()] + value + argument[variable.end() :]


def _groups(http: Directive, services: frozenset[str], generated: PurePosixPath) -> frozenset[str]:
    """Upstream groups of the user's own that name one of the services."""
    return frozenset(
        group.arguments[0]
        for group in http.all("upstream")
        if group.arguments
        and group.file.parent != generated
        and any(_host(server.arguments[0]) in services for server in group.all("server") if server.arguments)
    )


def _host(target: str) -> str:
    found = _HOST.match(target)
    return found["host"] if found else ""


def _server(argument: str) -> str:
    """The scheme, host and port of what a pass names."""
    found = _SERVER.match(argument)
    return found[0] if found else ""
