"""The control listener of the proxy: what the running configuration is, who really answers, a way to one replica.

    GET /generation              200, `<generation> <color>`
    GET /served<path>            through the very upstream that users get, with the address that answered in the head
    GET /replica/<ip>:<port><path>   to that address directly

It is published on loopback only, so nothing here depends on container addresses being reachable from this machine.
Every call opens a connection of its own: a kept-alive one would be answered by the worker that is being retired.
"""

from __future__ import annotations

import asyncio
import re
import time

from console.adapters.proxy.http import FetchError, Response, Target, fetch, target_of
from console.model.color import Color
from console.model.errors import ProxyGoneError, ProxyUnreachableError
from console.model.observed import Live
from console.ports.proxy import Answer
from console.ports.proxy_host import ProxyHost

CONTROL_TIMEOUT = 2.0
"""Seconds for one answer of the control listener, when the caller has no deadline of its own."""

ASKING = "ask the proxy's control listener"

_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{1,5}")
_GENERATION = re.compile(r"(?P<generation>[0-9]{1,18}) (?P<color>\S+)\s*")
_MADE_BY_PROXY = frozenset({502, 504})


class Control:
    """A client of one proxy's control listener.

    Args:
        host: finds the published address; asked again after a failure, since a restarted proxy may have another.
        port: the listener's port inside the proxy.
    """

    def __init__(self, host: ProxyHost, port: int) -> None:
        self._host = host
        self._port = port
        self._published: tuple[str, int] | None = None
        self._asking = asyncio.Lock()

    async def generation(self, *, timeout: float) -> tuple[int, Color | None]:  # noqa: ASYNC109 - passed on
        """The live generation and the color that the running configuration names.

        Generation 0 means that nginx runs without a generated file: it names no color then.

        Raises:
            ProxyUnreachableError: no complete answer within `timeout` seconds, or one that makes no sense.
        """
        response = await self._get("/generation", timeout=timeout)
        match = _GENERATION.fullmatch(response.body.decode("latin-1"))
        if response.status != 200 or match is None:  # noqa: PLR2004
            raise self._unreachable(f"/generation answered {response.status} {response.body[:80]!r}")
        generation = int(match["generation"])
        return generation, Color(match["color"]) if generation and match["color"] in set(Color) else None

    async def served(self, path: str, *, timeout: float) -> str | None:  # noqa: ASYNC109 - passed on
        """The `ip:port` that answered a GET of `path` through the users' upstream; None when no replica did."""
        try:
            response = await self._get(f"/served{path}", timeout=timeout)
        except ProxyUnreachableError:
            return None
        return _last(response.headers.get("x-rollout-served", "")) if _from_replica(response) else None

    async def live(self, path: str, *, timeout: float) -> Live:  # noqa: ASYNC109 - passed on
        """Both at once. A replica that does not answer in time leaves `served` None. Raises `ProxyUnreachableError`."""
        told, served = await asyncio.gather(
            self.generation(timeout=timeout), self.served(path, timeout=timeout), return_exceptions=True
        )
        if isinstance(told, BaseException):
            raise told
        if isinstance(served, BaseException):
            raise served
        return Live(generation=told[0], color=told[1], served=served)

    async def probe(self, address: str, path: str, *, timeout: float) -> Answer:  # noqa: ASYNC109 - passed on
        """GET `path` from one replica. Never raises; a 502 or 504 that the proxy made itself is told as a problem."""
        if _ADDRESS.fullmatch(address) is None:
            return Answer(status=None, seconds=0.0, problem=f"dns: {address!r} is not an ip:port")
        began = time.monotonic()
        try:
            response = await self._get(f"/replica/{address}{path}", timeout=timeout)
        except ProxyUnreachableError as error:
            cause = error.__cause__
            timed_out = isinstance(cause, FetchError) and str(cause).startswith("timeout")
            problem = f"timeout: no answer from {address} within {timeout:g} s" if timed_out else f"broken: {error}"
            return Answer(status=None, seconds=time.monotonic() - began, problem=problem)
        seconds = time.monotonic() - began
        if not _from_replica(response):
            return Answer(status=None, seconds=seconds, problem=_proxy_problem(response, address))
        return Answer(
            status=response.status,
            seconds=seconds,
            served=address,
            release=response.headers.get("x-rollout-release"),
        )

    async def _get(self, path: str, *, timeout: float) -> Response:  # noqa: ASYNC109 - passed on
        """Raises `ProxyUnreachableError`, caused by the `FetchError` if there was one."""
        host, port = await self._address()
        try:
            return await fetch(Target(host=host, port=port, path=path), timeout=timeout)
        except FetchError as error:
            self._published = None
            raise self._unreachable(str(error)) from error

    async def _address(self) -> tuple[str, int]:
        """Where the listener is published; questions at the same time share one answer."""
        async with self._asking:
            if self._published is None:
                published = await self._host.published(self._port)
                if published is None:
                    raise ProxyGoneError(
                        ASKING,
                        f"its container does not publish port {self._port}, and has to be made anew to do so",
                    )
                parts = target_of(f"http://{published}")
                self._published = parts.host, parts.port
            return self._published

    @staticmethod
    def _unreachable(found: str) -> ProxyUnreachableError:
        return ProxyUnreachableError(ASKING, found, next_command="rollout check")


def _last(listed: str) -> str | None:
    """The last `ip:port` of `$upstream_addr`: nginx lists every server that it tried, comma-separated."""
    last = listed.rpartition(",")[2].strip()
    return last if _ADDRESS.fullmatch(last) else None


def _from_replica(response: Response) -> bool:
    """Whether a replica sent this answer, rather than the proxy in the absence of one.

    `$upstream_header_time` is `-` when no replica ever sent a head. Where the listener does not tell it, a 502 or 504
    without a release is taken for the proxy's own: `$upstream_status` says 502 for a refused connection too.
    """
    header_time = response.headers.get("x-rollout-upstream-header-time")
    if header_time is not None:
        return header_time.rpartition(",")[2].strip() not in {"", "-"}
    return response.status not in _MADE_BY_PROXY or "x-rollout-release" in response.headers


def _proxy_problem(response: Response, address: str) -> str:
    if response.status == 504:  # noqa: PLR2004
        return f"timeout: {address} did not answer the proxy in time"
    if response.status == 502:  # noqa: PLR2004
        return f"refused: {address} takes no connection, or closed it before answering"
    return f"broken: the proxy answered {response.status} itself"
