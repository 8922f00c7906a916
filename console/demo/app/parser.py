"""An incremental HTTP/1.1 parser (RFC 9112): bytes in, requests out. No I/O.

What could be read in two ways is refused, because a proxy in front might have read it in the other one.
"""

from __future__ import annotations

import re

from .chunked import ChunkedBody
from .request import BadRequestError, Head, Request

LARGEST_HEAD = 32 * 1024
LARGEST_BODY = 16 * 1024 * 1024
LONGEST_LENGTH = 15

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP/([0-9])\.([0-9])")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n]*?)[ \t]*")


class RequestParser:
    """Turns what a connection receives into requests, pipelined ones included.

    After a `BadRequestError` it must not be used any more: where the next request begins is then unknown.
    """

    __slots__ = ("_buffer", "_chunked", "_continue", "_head")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Head | None = None
        self._chunked: ChunkedBody | None = None
        self._continue = False

    @property
    def empty(self) -> bool:
        """Whether nothing of a request has arrived that was not taken."""
        return self._head is None and not self._buffer

    @property
    def pending(self) -> int:
        """Bytes received and not taken."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take in what was received."""
        self._buffer += data

    def take_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends its body; True at most once for a request."""
        wanted, self._continue = self._continue, False
        return wanted

    def take(self) -> Request | None:
        """The next complete request; None until more is fed. Raises `BadRequestError`."""
        if self._head is None and not self._take_head():
            return None
        head = self._head
        body = self._take_body()
        if head is None or body is None:
            return None
        self._head = None
        self._chunked = None
        self._continue = False
        return Request(head=head, body=body)

    def _take_head(self) -> bool:
        buffer = self._buffer
        # RFC 9112 section 2.2: an empty line or two before the request line are ignored.
        while buffer.startswith(b"\r\n"):
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end > LARGEST_HEAD or (end < 0 and len(buffer) > LARGEST_HEAD):
            raise BadRequestError(431, f"the head is larger than {LARGEST_HEAD} bytes")
        if end < 0:
            return False
        head = parse_head(bytes(buffer[:end]))
        del buffer[: end + 4]
        self._head = head
        self._chunked = ChunkedBody(LARGEST_BODY) if head.length is None else None
        self._continue = head.expects_continue
        return True

    def _take_body(self) -> bytes | None:
        if self._chunked is not None:
            return bytes(self._chunked.data) if self._chunked.take(self._buffer) else None
        length = self._head.length if self._head else 0
        if not length:
            return b""
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body


def parse_head(raw: bytes) -> Head:
    """Parse a request line and its headers, without the empty line. Raises `BadRequestError`."""
    first, *lines = raw.split(b"\r\n")
    matched = _REQUEST_LINE.fullmatch(first)
    if matched is None:
        raise BadRequestError(400, "the request line is malformed")
    if matched[3] != b"1":
        raise BadRequestError(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    modern = matched[4] != b"0"
    headers = _headers(lines)
    if modern and "," in headers.get("host", ","):
        raise BadRequestError(400, "HTTP/1.1 needs exactly one Host header")
    path, query = _target(matched[2].decode("latin-1"))
    connection = {word.strip() for word in headers.get("connection", "").lower().split(",")}
    length = _length(headers, modern=modern)
    return Head(
        method=matched[1].decode("ascii"),
        path=path,
        query=query,
        headers=headers,
        chunked_client=modern,
        keep_alive="close" not in connection if modern else "keep-alive" in connection,
        length=length,
        expects_continue=modern and length != 0 and headers.get("expect", "").lower() == "100-continue",
    )


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        matched = _HEADER.fullmatch(line)
        if matched is None:
            raise BadRequestError(400, "a header line is malformed")
        name = matched[1].decode("ascii").lower()
        value = matched[2].decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _target(target: str) -> tuple[str, str]:
    """Path and query of a request target; the absolute form (RFC 9112 section 3.2.2) is accepted too."""
    if not target.startswith("/"):
        _, marker, rest = target.partition("://")
        target = "/" + rest.partition("/")[2] if marker else target
    path, _, query = target.partition("?")
    return path, query


def _length(headers: dict[str, str], *, modern: bool) -> int | None:
    coding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if coding is not None:
        if not modern or length is not None:
            raise BadRequestError(400, "Transfer-Encoding contradicts the rest of the head")
        if coding.lower() != "chunked":
            raise BadRequestError(501, "of the transfer codings only `chunked` is understood")
        return None
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit()) or len(length) > LONGEST_LENGTH:
        raise BadRequestError(400, "Content-Length is not a number")
    if int(length) > LARGEST_BODY:
        raise BadRequestError(413, f"the body is larger than {LARGEST_BODY} bytes")
    return int(length)
