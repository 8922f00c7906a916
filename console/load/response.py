"""Reads the answers of one connection, one at a time, as they arrive in pieces.

`httptools` (llhttp, strict) decides what is an answer. Since a service sends the same head again and again, a head that
was parsed once is remembered byte for byte with what the parser said of it: equal bytes have an equal meaning.
A head that was never seen, a chunked body and everything odd take the parser's way each time.
"""

from __future__ import annotations

from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from console.load.answer import MOST_BODY, Answer, Attribution, Origin, clean, named
from console.model.load import UNKNOWN

_LONGEST_HEAD = 65_536
_REMEMBERED_HEADS = 256
_REMEMBERED_LENGTH = 4096
_NO_BODY = frozenset({204, 304})
_LOWEST = 100
_SWITCHING = 101
_FINAL = 200
_NOT_STARTED = -1


class BadResponseError(Exception):
    """What came is not one HTTP answer."""


@dataclass(slots=True)
class Whole:
    """An answer that came in one piece, as most do: bytes that begin like it and are as many are the same answer."""

    head: bytes
    length: int
    """Bytes of head and body."""
    answer: Answer


class ResponseRules:
    """What the answers of a run have in common, and the heads seen so far."""

    __slots__ = ("attribution", "head_only", "heads", "usual")

    def __init__(self, attribution: Attribution, *, head_only: bool) -> None:
        self.attribution = attribution
        self.head_only = head_only
        """Whether the requests are HEAD: their answers announce a body and send none."""
        self.heads: dict[bytes, Answer] = {}
        self.usual = Whole(b"", -1, Answer(0, reusable=False, origin=(UNKNOWN, "")))
        """The last one; no count of bytes is -1."""

    def remember(self, head: bytes, answer: Answer) -> None:
        """Keep what the parser said of a head. Bounded: a server whose heads never repeat costs no memory."""
        if len(self.heads) >= _REMEMBERED_HEADS:
            self.heads.clear()
        self.heads[head] = answer


class ResponseReader:
    """The reading side of one connection."""

    __slots__ = ("_answer", "_left", "_parse", "_rules")

    def __init__(self, rules: ResponseRules) -> None:
        self._rules = rules
        self._parse: _Parse | None = None
        self._answer: Answer | None = None
        self._left = _NOT_STARTED

    @property
    def origin_so_far(self) -> Origin | None:
        """Who makes the answer under way; None until its head is complete."""
        if self._answer is not None:
            return self._answer.origin
        return self._parse.origin if self._parse is not None and self._parse.head_done else None

    def receive(self, buffer: bytearray, view: memoryview, count: int) -> Answer | None:
        """Take the first `count` bytes of the buffer (`view` is a view of it); returns the answer once it is complete.

        Raises:
            BadResponseError: these bytes are not one HTTP answer, or not only.
        """
        answer = self._answer
        if answer is not None:
            left = self._left - count
        elif self._parse is None:
            end = buffer.find(b"\r\n\r\n", 0, count) + 4
            head = bytes(view[:end]) if end > 3 else b""  # noqa: PLR2004 - found
            answer = self._rules.heads.get(head)
            if answer is None:
                return self._start(view[:count], end)
            left = answer.length - count + end
            if not left:
                self._rules.usual = Whole(head, count, answer)
        else:
            return self._feed(self._parse, view[:count])
        if left > 0:
            self._answer, self._left = answer, left
            return None
        if left < 0 and bytes(view[count + left : count]).strip(b"\r\n"):
            raise BadResponseError(f"{-left} bytes after the end of the answer")
        self._answer, self._left = None, _NOT_STARTED
        return answer

    def end(self) -> Answer | None:
        """The connection was closed: the answer, if that is how its body ends (RFC 9112 §6.3 rule 8)."""
        parse = self._parse
        if parse is None:
            return None
        parse.close()
        return parse.answer() if parse.until_eof else None

    def _start(self, data: memoryview, end: int) -> Answer | None:
        parse = self._parse = _Parse(self._rules)
        answer = self._feed(parse, data)
        # Only a head at the very start is told apart by the first empty line: the parser skips line feeds before it.
        if 3 < end <= _REMEMBERED_LENGTH and parse.repeatable and bytes(data[:5]) == b"HTTP/":  # noqa: PLR2004 - found
            self._rules.remember(bytes(data[:end]), parse.answer())
        return answer

    def _feed(self, parse: _Parse, data: memoryview) -> Answer | None:
        if not parse.feed(data):
            return None
        self._parse = None
        parse.close()
        return parse.answer()


class _Parse:
    """One answer on its way through the parser; the methods called `on_...` are the parser's callbacks."""

    __slots__ = (
        "_body",
        "_chunked",
        "_complete",
        "_connection",
        "_head_bytes",
        "_informational",
        "_length",
        "_parser",
        "_problem",
        "_reusable",
        "_rules",
        "_status",
        "head_done",
        "origin",
    )

    def __init__(self, rules: ResponseRules) -> None:
        self._rules = rules
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._status = 0
        self._length: int | None = None
        self._chunked = self.head_done = self._complete = self._informational = self._reusable = False
        self._problem = ""
        self._head_bytes = 0
        self._connection = b""
        self._body: bytearray | None = bytearray() if rules.attribution.json_path else None
        self.origin: Origin = (UNKNOWN, "")

    def feed(self, data: memoryview) -> bool:
        """Take more bytes; returns whether the answer is complete. Raises `BadResponseError`."""
        parser = self._parser
        if parser is None:
            return self._complete
        if not self.head_done:
            room = _LONGEST_HEAD - self._head_bytes
            if len(data) > room:
                return self._feed_to_limit(data, room)
            self._head_bytes += len(data)
        try:
            parser.feed_data(data)
        except HttpParserUpgrade as error:
            raise BadResponseError("it switches protocols, which nobody asked for") from error
        except HttpParserError as error:
            raise BadResponseError(clean(str(error)) or "malformed") from error
        if self._problem:
            raise BadResponseError(self._problem)
        return self._complete

    def _feed_to_limit(self, data: memoryview, room: int) -> bool:
        """Judge the head by its own length, however it was cut into pieces and whatever came with it."""
        if room:
            self.feed(data[:room])
        if not self.head_done:
            raise BadResponseError(f"a head of more than {_LONGEST_HEAD} bytes")
        return self.feed(data[room:])

    def close(self) -> None:
        """Break the cycle of parser and callbacks, so that nothing waits for the garbage collector."""
        self._parser = None

    @property
    def until_eof(self) -> bool:
        """Whether only the end of the connection ends this answer."""
        return self.head_done and not self._complete and self._length is None and not self._chunked

    @property
    def repeatable(self) -> bool:
        """Whether an equal head tells everything about its answer but the body's bytes."""
        framed = self._length is not None or self._bodiless
        return self.head_done and framed and not self._informational and self._body is None

    def answer(self) -> Answer:
        """The answer as the head described it."""
        if self._body is not None:
            self.origin = (self._rules.attribution.from_body(bytes(self._body)), self.origin[1])
        length = 0 if self._bodiless else self._length or 0
        return Answer(self._status, self._reusable, self.origin, length)

    @property
    def _bodiless(self) -> bool:
        return self._rules.head_only or self._status in _NO_BODY

    def on_message_begin(self) -> None:
        self._check_end()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_done:
            return  # a trailer, or the head of an excess message
        lowered = name.lower()
        if lowered == b"content-length":
            self._length = int(value)
        elif lowered == b"transfer-encoding":
            self._chunked = value.lower().rstrip().endswith(b"chunked")
        elif lowered == self._rules.attribution.release_header:
            self.origin = (named(value.decode("utf-8", "replace")), self.origin[1])
        elif lowered == self._rules.attribution.color_header:
            self.origin = (self.origin[0], clean(value.decode("utf-8", "replace")))
        elif lowered == b"connection":
            self._connection += b"," + value.lower()

    def on_headers_complete(self) -> None:
        if self._complete or self._parser is None:
            return
        self._status = self._parser.get_status_code()
        if self._status < _LOWEST:
            self._problem = f"{self._status:03} is no status"
        if self._status < _FINAL and self._status != _SWITCHING:
            return
        self._reusable = self._kept_after_head() if self._rules.head_only else self._parser.should_keep_alive()
        self.head_done = True
        self._complete = self._rules.head_only

    def _kept_after_head(self) -> bool:
        """RFC 9112 §9.3 for the answer to HEAD. The parser, which knows no requests, waits for a body to end it."""
        options = {option.strip() for option in self._connection.split(b",")}
        persistent = self._parser is not None and self._parser.get_http_version() != "1.0"
        return b"close" not in options and (persistent or b"keep-alive" in options)

    def on_body(self, data: bytes) -> None:
        self._check_end()
        if self._body is not None and len(self._body) < MOST_BODY:
            self._body += data

    def on_chunk_header(self) -> None:
        self._check_end()

    def _check_end(self) -> None:
        """What begins now must not come after the end."""
        if self._complete:
            self._problem = "more bytes after the end of the answer"

    def on_message_complete(self) -> None:
        if self.head_done:
            self._complete = True
            return
        # An informational answer: the final one follows (RFC 9110 §15.2), and nothing of this head is its.
        self._informational = True
        self._length, self._chunked, self._connection, self.origin = None, False, b"", (UNKNOWN, "")
