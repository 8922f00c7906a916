"""Ways through the proxy that name a color themselves, so that no cutover moves them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from console.planning.preflight.nginx_tree import Directive

PASSES = ("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass")
_HOST = re.compile(r"(?:[a-z]+://)?(?P<host>[^/:;\s]+)")
_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)\}?")


def bypasses(
    servers: Sequence[Directive], http: Directive, services: frozenset[str], *, generated: PurePosixPath
) -> tuple[str, ...]:
    """The places that send requests to a service of the stack by its own name, for people: where, and to what.

    Args:
        servers: the servers that users reach.
        http: the http block, for upstream groups and the values of variables.
        services: the services of both colors.
        generated: the directory of the generated files: the group there is the upstream itself.
    """
    found: list[str] = []
    for server in servers:
        for place, directive in _passes(server, _place(server)):
            for target in _targets(directive.arguments[0], http):
                host = _host(target)
                if host in services or host in _groups(http, services, generated):
                    found.append(f"{place}: {directive.name} {directive.arguments[0]}")
                    break
    return tuple(dict.fromkeys(found))


def idle_groups(
    servers: Sequence[Directive], http: Directive, services: frozenset[str], *, generated: PurePosixPath
) -> tuple[str, ...]:
    """Upstream groups that name a color and that no server uses any more: nginx looks their names up all the same."""
    used = {
        _host(target)
        for server in servers
        for _, directive in _passes(server, "")
        for target in _targets(directive.arguments[0], http)
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


def _targets(argument: str, http: Directive) -> Iterator[str]:
    """What a pass may mean: itself, or each value that its variable is given somewhere."""
    variable = _VARIABLE.search(argument)
    if variable is None:
        yield argument
        return
    name = f"${variable['name']}"
    if name == "$rollout_upstream":
        return
    values = [each.arguments[1] for each in http.deep("set") if len(each.arguments) > 1 and each.arguments[0] == name]
    for each in http.all("map"):
        if each.arguments[1:] == (name,):
            values += [entry.arguments[-1] for entry in each.children if entry.arguments]
    for value in values:
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
