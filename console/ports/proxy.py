"""Port to the reverse proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from console.model.observed import Upstream, UpstreamObserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer to a probe, or the reason why there was none."""

    status: int | None
    """None when no complete answer came."""
    seconds: float
    served: str | None = None
    """`ip:port` of the replica that answered, when the proxy says so."""
    problem: str = ""
    """`refused`, `timeout`, `tls`, `dns` or `broken`, with detail; empty when `status` is set."""
    release: str | None = None
    """`X-Rollout-Release` of the answer, if any."""


class Proxy(Protocol):
    """Routes the users' traffic to one color.

    The three mutating calls happen in the order `write`, `validate`, `apply`; whether it worked is told only by
    `read_back`. All raise `ProxyUnreachableError` when the proxy is gone.
    """

    async def observe(self) -> UpstreamObserved:
        """File, live configuration and workers, now. Never raises: what can't be seen is None, with the problem."""
        ...

    def read(self) -> bytes | None:
        """The content of the upstream file as it is; None when there is none."""
        ...

    def write(self, upstream: Upstream) -> None:
        """Replace the upstream file atomically (temporary file, fsync, rename, mode 0644).

        Raises `ProxyRefusedError` when it can't be written; the old file is then still in place.
        """
        ...

    def restore(self, content: bytes | None, generation: int) -> None:
        """Write earlier content (None: no file) again, atomically, under a new generation number."""
        ...

    async def validate(self) -> tuple[str, ...]:
        """Let the proxy test its whole configuration. Raises `ProxyRefusedError` with the proxy's words.

        Returns the places in it that send requests to a color past the upstream, so that no cutover moves them: one
        line for people each, without what may be secret. Nothing where the proxy does not tell: they refuse nothing.
        """
        ...

    async def apply(self) -> frozenset[int]:
        """Tell the proxy to take the configuration; returns the pids of the workers that accepted before.

        Success means only that the request was delivered.
        """
        ...

    async def read_back(self, generation: int, before: frozenset[int], *, deadline: float) -> UpstreamObserved:
        """Wait until no worker of `before` accepts and the live generation matches; return what is seen then.

        Raises `ProxyRefusedError` when that is not so after `deadline` seconds: the configuration was refused.
        Whose address is served is for the caller to judge.
        """
        ...

    async def old_workers(self) -> int:
        """How many retiring workers still finish requests."""
        ...

    async def in_flight(self, addresses: frozenset[str]) -> int | None:
        """Established connections from the proxy to these `ip:port`; None when the proxy can't tell."""
        ...

    async def probe_replica(self, address: str, path: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        """GET `path` from one replica directly, whatever the upstream says. Never raises."""
        ...

    async def probe_url(self, url: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        """GET an absolute URL as a client would, on a fresh connection, without following redirects. Never raises."""
        ...

    async def versions(self) -> tuple[tuple[str, str], ...]:
        """The proxy's name and version, for the receipt; nothing where it does not say. Never raises."""
        ...

    async def close(self) -> None:
        """Release connections. Does nothing to the proxy."""
        ...
