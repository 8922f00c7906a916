"""The generated upstream file of nginx: rendering, parsing, and re-issuing under a new generation. Pure text.

    # rollout: generation=42 color=green
    upstream rollout {
        server app_green:8000;
        keepalive 64;
    }
    map "" $rollout_upstream { default rollout; }
    map "" $rollout_generation { default 42; }
    map "" $rollout_color { default green; }

It is an `http` level include. The user's own configuration declares the same three maps before the include, and a
later `map` of the same variable wins: without this file nginx still serves its default color. Server names are
static on purpose: `server NAME resolve;` answered 502 ("no live upstreams") around reloads.
"""

from __future__ import annotations

import re
from dataclasses import replace

from console.model.color import Color
from console.model.observed import Upstream

KEEPALIVE = 64
"""Idle connections that each worker keeps open to the replicas."""

_SERVER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?:[0-9]{1,5}")
_HEADER = re.compile(r"\A# rollout: generation=(?P<generation>[0-9]{1,18}) color=(?P<color>[a-z]+)\n")
_GROUP = re.compile(r"^upstream rollout \{\n(?P<body>(?:    [^\n]*\n)+)\}$", re.MULTILINE)
_SERVER_LINE = re.compile(r"^    server (?P<server>[^\s;]+);$", re.MULTILINE)
_GENERATION_MAP = re.compile(r'^map "" \$rollout_generation \{ default [0-9]+; \}\n', re.MULTILINE)


def render(upstream: Upstream) -> bytes:
    """The content of the upstream file.

    Raises:
        ValueError: no server, or a name that is not plain `host:port` (it would end up in the configuration as code).
    """
    if not upstream.servers:
        raise ValueError("an upstream needs at least one server")
    for server in upstream.servers:
        if _SERVER.fullmatch(server) is None or not 0 < int(server.rpartition(":")[2]) < 65536:  # noqa: PLR2004
            raise ValueError(f"not a host:port that can be written into the upstream file: {server!r}")
    if upstream.generation < 0:
        raise ValueError(f"a generation can't be negative: {upstream.generation}")
    servers = "".join(f"    server {server};\n" for server in upstream.servers)
    return (
        f"{_header(upstream.generation, upstream.color)}"
        f"upstream rollout {{\n{servers}    keepalive {KEEPALIVE};\n}}\n"
        'map "" $rollout_upstream { default rollout; }\n'
        f"{_generation_map(upstream.generation)}"
        f'map "" $rollout_color {{ default {upstream.color.value}; }}\n'
    ).encode()


def parse(content: bytes | None) -> Upstream | None:
    """The upstream that a file configures; None when it is missing, empty, names no color of ours, or is not ours."""
    text = _text(content)
    header = _HEADER.match(text)
    group = _GROUP.search(text)
    if header is None or group is None or header["color"] not in set(Color):
        return None
    servers = tuple(match["server"] for match in _SERVER_LINE.finditer(group["body"]))
    if not servers:
        return None
    return Upstream(generation=int(header["generation"]), color=Color(header["color"]), servers=servers)


def reissue(content: bytes | None, generation: int) -> bytes:
    """The same content under another generation number, so that it can be told apart when it is read back.

    None (there was no file) becomes a file that says nothing but the generation: nginx then serves the default color
    of the user's own configuration, and a read-back can still see that *this* restore is live. Content that is not
    ours is kept as it is, with the generation added.
    """
    upstream = parse(content)
    if upstream is not None and render(upstream) == content:
        return render(replace(upstream, generation=generation))
    text = _text(content)
    header = _HEADER.match(text)
    name = header["color"] if header else "none"
    rest = _GENERATION_MAP.sub("", _HEADER.sub("", text))
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return f"{_header(generation, name)}{rest}{_generation_map(generation)}".encode("utf-8", "surrogateescape")


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")


def _header(generation: int, color: str) -> str:
    return f"# rollout: generation={generation} color={color}\n"


def _generation_map(generation: int) -> str:
    return f'map "" $rollout_generation {{ default {generation}; }}\n'
