"""Where requests go: the URL taken apart, resolved once, and guarded."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from console.model.load import MAX_DURATION, MAX_RATE, MIN_RATE, LoadConfig

_PROBE_TIMEOUT = 1.0
"""Seconds to find out which of several addresses answers, for each."""


_MOST_CONNECTIONS = 100_000
_SHORTEST_INTERVAL = 0.001
_DISCARD = 9
"""A port to ask for a route with; nothing is sent to it."""


class TargetError(Exception):
    """The target can't be aimed at; the text says why, and what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """The parts of a URL that a request needs."""

    tls: bool
    host: str
    port: int
    path: str
    """Path and query, as they are sent."""

    @property
    def authority(self) -> str:
        """The value of the `Host` field: the port only when it isn't the scheme's own (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A resolved target: every connection goes to this one address."""

    url: Url
    family: socket.AddressFamily
    address: tuple[str, int]
    tls: ssl.SSLContext | None

    @property
    def text(self) -> str:
        """`ip:port`, the address in brackets when it is IPv6."""
        host, port = self.address
        return f"[{host}]:{port}" if self.family is socket.AF_INET6 else f"{host}:{port}"


def parse_url(text: str) -> Url:
    """Take a URL apart. Raises `TargetError`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise TargetError(f"{text!r} is no URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError(f"{text!r} is no http:// or https:// URL")
    if parts.username is not None:
        raise TargetError("a URL with a user name is not accepted; send the header instead (Authorization)")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(not "!" <= char <= "~" for char in path):
        raise TargetError(f"{text!r} holds characters that must be percent-encoded")
    if port is None:
        port = 443 if tls else 80
    return Url(tls=tls, host=_ascii(parts.hostname, text), port=port, path=path)


def _ascii(host: str, text: str) -> str:
    """A name of other letters as the `Host` field and TLS carry it (RFC 5890 §2.3.2.1). Raises `TargetError`."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise TargetError(f"{text!r} holds a name that can't be resolved: {error}") from error


def resolve(config: LoadConfig) -> Target:
    """Resolve the target once and check that it may be aimed at. Blocks. Raises `TargetError`."""
    _check_figures(config)
    url = parse_url(config.url)
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError(f"the name {url.host!r} can't be resolved: {error}") from error
    candidates = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))
    if not config.allow_remote:
        foreign = [address for _, address in candidates if not is_own(address)]
        if foreign:
            raise TargetError(
                f"{_called(url.host, foreign[0])}, which is no address of this host; nothing was sent. "
                "Load on another host has to be asked for: --allow-remote"
            )
    family, address = _answering(candidates, url.port)
    return Target(url=url, family=family, address=(address, url.port), tls=_context(config) if url.tls else None)


def _check_figures(config: LoadConfig) -> None:
    """What the command line checks too holds here for every other way of starting a run."""
    bounds = (
        ("rate", config.rate, MIN_RATE if config.rate else 0, MAX_RATE),
        ("duration", MAX_DURATION if config.duration is None else config.duration, 0.001, MAX_DURATION),
        ("timeout", config.timeout, 0.001, MAX_DURATION),
        ("connections", config.connections, 1, _MOST_CONNECTIONS),
        ("max_connections", config.max_connections, 1, _MOST_CONNECTIONS),
        ("fresh_share", config.fresh_share, 0, 1),
        ("objective", config.objective, 0, MAX_DURATION),
        ("interval", config.interval, _SHORTEST_INTERVAL, MAX_DURATION),
    )
    for name, value, lowest, highest in bounds:
        if not lowest <= value <= highest:
            raise TargetError(f"a {name} of {value:g} is outside {lowest:g} to {highest:g}")
    if config.connections > config.max_connections:
        raise TargetError(f"{config.connections} connections are more than the {config.max_connections} at most")


def is_own(address: str) -> bool:
    """Whether an IP address belongs to this host: loopback, or one that this host would speak from to reach it.

    That a socket can be bound to it proves nothing where `net.ipv4.ip_nonlocal_bind` is set, as on a host with a
    floating address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.is_loopback:
        return True
    if ip.is_multicast or ip.is_unspecified:
        return False
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6  # noqa: PLR2004 - the version of IP
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, _DISCARD))  # a datagram socket sends nothing by it
            source = str(probe.getsockname()[0])
    except OSError:
        return False
    return ipaddress.ip_address(source.partition("%")[0]) == ip


def _called(name: str, address: str) -> str:
    return f"the target is {address}" if name == address else f"{name} is {address}"


def _answering(candidates: Sequence[tuple[socket.AddressFamily, str]], port: int) -> tuple[socket.AddressFamily, str]:
    """The first address that accepts a connection, as a browser would find it; the first one when none does."""
    if len(candidates) == 1:
        return candidates[0]
    for family, address in candidates:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(_PROBE_TIMEOUT)
            if probe.connect_ex((address, port)) == 0:
                return family, address
    return candidates[0]


def _context(config: LoadConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.ca_file or None)
    except OSError as error:
        raise TargetError(f"the certificates in {config.ca_file!r} can't be read: {error}") from error
    if config.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
