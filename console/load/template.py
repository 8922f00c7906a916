"""The one request of a run, as bytes: made once, sent as often as it is due."""

from __future__ import annotations

import re

from console.load.target import TargetError, Url
from console.model.load import LoadConfig

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2."""
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""RFC 9110 §5.5; no line breaks above all."""

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""Methods whose request a client may repeat by itself (RFC 9110 §9.2.2)."""

_REFUSED_FIELDS = frozenset({"connection", "content-length", "transfer-encoding", "expect", "upgrade", "te", "trailer"})
MOST_BODY = 16 * 1_048_576
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def render(config: LoadConfig, url: Url) -> bytes:
    """The request on the wire. Raises `TargetError` when a part of it would break the message's framing."""
    if len(config.body) > MOST_BODY:
        raise TargetError(f"a body of {len(config.body)} bytes is more than the {MOST_BODY} that are sent")
    method = config.method.upper()
    if not _TOKEN.fullmatch(method) or method == "CONNECT":
        raise TargetError(f"{config.method!r} is no method that can be sent")
    fields = {
        "host": [("Host", url.authority)],
        "user-agent": [("User-Agent", "rollout-load")],
        "accept": [("Accept", "*/*")],
    }
    given: dict[str, list[tuple[str, str]]] = {}
    for name, value in config.headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise TargetError(f"header {name!r} has a name or a value that HTTP does not allow")
        if name.lower() in _REFUSED_FIELDS:
            raise TargetError(f"header {name!r} frames the message or the connection; the generator sets it itself")
        given.setdefault(name.lower(), []).append((name, value))
    if len(given.get("host", ())) > 1:
        raise TargetError("a request has one Host (RFC 9112 §3.2)")
    lines = [f"{method} {url.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for alike in (fields | given).values() for name, value in alike]
    if config.body or method in _WITH_BODY:
        lines.append(f"Content-Length: {len(config.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + config.body


def is_idempotent(method: str) -> bool:
    """Whether a browser may send it once more on its own."""
    return method.upper() in IDEMPOTENT
