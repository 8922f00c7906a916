"""What a route answers with, and how that looks on the wire."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

_REASONS = {status.value: status.phrase for status in HTTPStatus}
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """An answer that comes in parts, each sent as it is made."""

    parts: AsyncIterator[bytes]
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """An answer that takes its time."""

    seconds: float
    reply: Response | Streamed


Reply = Response | Streamed | Later


class Wire:
    """Encodes answers, each with the release and color that gave it.

    Args:
        version: the release, for `X-Rollout-Release`.
        color: the color, for `X-Rollout-Color`.
    """

    def __init__(self, version: str, color: str) -> None:
        self._identity = f"X-Rollout-Release: {version}\r\nX-Rollout-Color: {color}\r\n"
        self._second = 0
        self._date = ""

    def response(self, response: Response, *, close: bool, head_only: bool = False) -> bytes:
        """The whole answer as one piece, so that it travels in one segment while it fits."""
        lines = [self._status_line(response.status, response.content_type)]
        lines.extend(f"{name}: {value}\r\n" for name, value in response.headers)
        lines.append(f"Content-Length: {len(response.body)}\r\n")
        lines.append("Connection: close\r\n\r\n" if close else "\r\n")
        head = "".join(lines).encode("latin-1", "replace")
        return head if head_only else head + response.body

    def stream_head(self, streamed: Streamed, *, chunked: bool, close: bool) -> bytes:
        """The head of a streamed answer; tells nginx to pass the parts on as they come."""
        lines = [self._status_line(200, streamed.content_type), "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n"]
        if chunked:
            lines.append("Transfer-Encoding: chunked\r\n")
        lines.append("Connection: close\r\n\r\n" if close else "\r\n")
        return "".join(lines).encode("latin-1", "replace")

    def _status_line(self, status: int, content_type: str) -> str:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second))
        return (
            f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n"
            f"Date: {self._date}\r\nContent-Type: {content_type}\r\n{self._identity}"
        )


def chunk(part: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(part), part)


LAST_CHUNK = b"0\r\n\r\n"
