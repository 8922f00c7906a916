"""One GET on one fresh connection, and the reason when it fails.

Not a general client, on purpose: a read-back polls every few milliseconds beside a production proxy, and a probe must
tell "refused" from "timed out". A connection that is never reused can't be answered by a worker that is retiring, and
nothing is ever resent or followed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_LINE_LIMIT = 16 * 1024
_HEADERS_LIMIT = 200
_BODY_KEPT = 4 * 1024
_READ = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a GET goes."""

    host: str
    port: int
    path: str
    """Path and query, starting with a slash."""
    tls: bool = False

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One complete answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; repeated headers are joined by commas (RFC 9110 §5.2)."""
    body: bytes
    """The first 4 KiB; the rest was read and dropped."""


class FetchError(Exception):
    """There was no complete answer; the message begins with `refused`, `timeout`, `tls`, `dns` or `broken`."""


def target_of(url: str) -> Target:
    """Split an absolute http(s) URL. Raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not an absolute http or https URL: {url!r}")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host=parts.hostname, port=parts.port or (443 if tls else 80), path=path, tls=tls)


async def fetch(target: Target, *, timeout: float) -> Response:  # noqa: ASYNC109 - the port promises an answer within it
    """GET `target` on a connection of its own; complete within `timeout` seconds. Raises `FetchError`."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _connect(target)
            try:
                writer.write(_request(target))
                return await _read_response(reader)
            finally:
                writer.transport.abort()
    except TimeoutError as error:
        raise FetchError(f"timeout: no complete answer from {target.authority} within {timeout:g} s") from error
    except ConnectionRefusedError as error:
        raise FetchError(f"refused: nothing listens on {target.authority}") from error
    except ssl.SSLError as error:
        raise FetchError(f"tls: {target.authority}: {error.reason or error}") from error
    except socket.gaierror as error:
        raise FetchError(f"dns: {target.host}: {error.strerror}") from error
    except UnicodeError as error:
        raise FetchError(f"dns: {target.host}: not a host name") from error
    except (OSError, EOFError, asyncio.LimitOverrunError, ValueError) as error:
        raise FetchError(f"broken: {target.authority}: {error or type(error).__name__}") from error


async def _connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Try each address in turn, so that the last failure keeps its own reason (asyncio merges several into one)."""
    tls = ssl.create_default_context() if target.tls else None
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for address in await _addresses(target):
        try:
            return await asyncio.open_connection(
                address,
                target.port,
                limit=_LINE_LIMIT,
                ssl=tls,
                server_hostname=target.host if tls else None,
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
    raise failure


async def _addresses(target: Target) -> tuple[str, ...]:
    """The target's addresses. An address is its own: the resolver would start a thread for it, at every poll."""
    with contextlib.suppress(ValueError):
        return (str(ipaddress.ip_address(target.host)),)
    found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return tuple(str(address[0]) for *_, address in found)


def _request(target: Target) -> bytes:
    path = quote(target.path.partition("#")[0], safe="/?&=%:+,;@!$'()*~[].-_")
    return (
        f"GET {path} HTTP/1.1\r\nHost: {target.authority}\r\nConnection: close\r\n"
        "Accept: */*\r\nUser-Agent: rollout-console\r\n\r\n"
    ).encode("ascii")


async def _read_response(reader: asyncio.StreamReader) -> Response:
    status, headers = await _read_head(reader)
    while status < 200:  # noqa: PLR2004 - informational answers precede the real one, RFC 9110 §15.2
        status, headers = await _read_head(reader)
    return Response(status=status, headers=headers, body=await _read_body(reader, status, headers))


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or len(code) != 3 or not code.isdigit():  # noqa: PLR2004
        raise ValueError(f"not an HTTP/1.x answer: {line[:80]!r}")
    headers: dict[str, str] = {}
    for _ in range(_HEADERS_LIMIT):
        line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
        if not line:
            return int(code), headers
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header line: {line[:80]!r}")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    raise ValueError(f"more than {_HEADERS_LIMIT} header lines")


async def _read_body(reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]) -> bytes:
    """The body by the rules of RFC 9112 §6.3, so that a truncated one is told as broken."""
    if status in {204, 304}:
        return b""
    kept = bytearray()
    if headers.get("transfer-encoding", "").lower().endswith("chunked"):
        while size := int((await reader.readuntil(b"\n")).split(b";")[0].strip(), 16):
            await _read_exactly(reader, size, kept)
            await reader.readuntil(b"\n")
        while (await reader.readuntil(b"\n")).strip():
            pass
    elif "content-length" in headers:
        await _read_exactly(reader, int(headers["content-length"].split(",")[0]), kept)
    else:
        while data := await reader.read(_READ):
            kept += data[: _BODY_KEPT - len(kept)]
    return bytes(kept)


async def _read_exactly(reader: asyncio.StreamReader, size: int, kept: bytearray) -> None:
    while size > 0:
        data = await reader.read(min(size, _READ))
        if not data:
            raise EOFError(f"the answer ended {size} bytes too early")
        size -= len(data)
        kept += data[: _BODY_KEPT - len(kept)]
