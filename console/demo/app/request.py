"""One HTTP request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


class BadRequestError(Exception):
    """The bytes received are no request that can be answered; the connection can't be used any further.

    Args:
        status: the HTTP status that says so.
        reason: one sentence for the client.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Request line and headers."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Lower-case names; repeated headers joined by commas."""
    chunked_client: bool
    """Whether the client understands chunked responses (HTTP/1.1)."""
    keep_alive: bool
    length: int | None
    """Bytes of the body; None when it comes in chunks."""
    expects_continue: bool

    @property
    def probe(self) -> bool:
        """Whether it asks about the replica rather than for its service."""
        return self.path in {"/health", "/ready"}

    def number(self, name: str, default: float, *, lowest: float = 0.0, highest: float) -> float:
        """A number from the query, clamped to its range; the default when it is missing or not a number."""
        for pair in self.query.split("&"):
            key, _, text = pair.partition("=")
            if key == name:
                try:
                    value = float(text)
                except ValueError:
                    return default
                return default if math.isnan(value) else min(max(value, lowest), highest)
        return default


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A complete request."""

    head: Head
    body: bytes
