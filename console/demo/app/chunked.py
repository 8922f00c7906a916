"""A request body in chunks (RFC 9112 section 7.1)."""

from __future__ import annotations

from .request import BadRequestError

LONGEST_LINE = 4096
LARGEST_TRAILER = 16384


class ChunkedBody:
    """Collects one chunked body from a buffer that fills up over time.

    Args:
        limit: bytes of the decoded body; more is refused with 413.
    """

    __slots__ = ("_ended", "_limit", "_missing", "_trailer", "data")

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self._limit = limit
        self._missing = 0
        self._ended = False
        self._trailer = 0

    def take(self, buffer: bytearray) -> bool:
        """Consume what belongs to the body; True once it is complete. Raises `BadRequestError`."""
        while True:
            if self._missing:
                if not self._take_data(buffer):
                    return False
                continue
            line = _take_line(buffer)
            if line is None:
                return False
            if self._ended:
                if not line:
                    return True
                self._trailer += len(line)
                if self._trailer > LARGEST_TRAILER:
                    raise BadRequestError(431, "the trailer is too large")
                continue
            size = _chunk_size(line)
            if len(self.data) + size > self._limit:
                raise BadRequestError(413, f"the body is larger than {self._limit} bytes")
            self._ended = size == 0
            # The line break that ends the chunk's data counts as missing too.
            self._missing = size + 2 if size else 0

    def _take_data(self, buffer: bytearray) -> bool:
        data = self._missing - 2
        if data > 0:
            part = buffer[:data]
            del buffer[: len(part)]
            self.data += part
            self._missing -= len(part)
            if len(part) < data:
                return False
        if len(buffer) < self._missing:
            return False
        if buffer[:2] != b"\r\n":
            raise BadRequestError(400, "a chunk does not end where its size says")
        del buffer[:2]
        self._missing = 0
        return True


def _take_line(buffer: bytearray) -> bytes | None:
    end = buffer.find(b"\r\n")
    if end > LONGEST_LINE or (end < 0 and len(buffer) > LONGEST_LINE):
        raise BadRequestError(400, "a line in the chunked body is too long")
    if end < 0:
        return None
    line = bytes(buffer[:end])
    del buffer[: end + 2]
    return line


def _chunk_size(line: bytes) -> int:
    text = line.partition(b";")[0].strip(b" \t")
    # int() alone would also take a sign, underscores and "0x".
    if not text or len(text) > 15 or text.strip(b"0123456789abcdefABCDEF"):  # noqa: PLR2004 - fits 64 bits
        raise BadRequestError(400, "a chunk has no proper size")
    return int(text, 16)
