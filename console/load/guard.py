"""What may be aimed at without asking: the stack's own published address on this host, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass

from console.load.target import TargetError, parse_url
from console.model.facts import PublishedPort
from console.model.spec import Spec

_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A port that the stack serves its users on."""

    port: int
    host: str = ""
    """The only address that it is published at; empty for every address of this host."""

    def reached_by(self, host: str, port: int) -> bool:
        """Whether a URL of that host and port leads there."""
        if port != self.port:
            return False
        if self.host in {"", host}:
            return True
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return True  # the generator says itself that there is no such name
        return self.host in {str(address[0]) for *_, address in found}


def published(spec: Spec, ports: Iterable[PublishedPort]) -> frozenset[Published]:
    """Where the stack serves its users, by the `ports` of its proxy.

    Where those name no fixed port (Docker picks one, or the proxy shares the host's network), its own URLs tell.
    """
    fixed = frozenset(
        Published(port=port.published, host="" if port.host_ip in _EVERY_ADDRESS else port.host_ip.strip("[]"))
        for port in ports
        if port.published is not None and port.protocol == "tcp" and port.target != spec.proxy.control_port
    )
    urls = [spec.smoke.url, *([spec.load.url] if spec.load else [])]
    return fixed or frozenset(Published(port=parse_url(url).port) for url in urls)


def check_aim(url: str, own: frozenset[Published]) -> None:
    """Raise `TargetError` unless the URL leads to one of the stack's own ports.

    That the address is one of this host's own is checked by the generator itself, which resolves it.
    """
    aim = parse_url(url)
    if any(entry.reached_by(aim.host, aim.port) for entry in own):
        return
    ours = ", ".join(sorted(f"{entry.host}:{entry.port}".lstrip(":") for entry in own)) or "none that is known here"
    raise TargetError(
        f"port {aim.port} of {aim.host} is not published by this stack (its own: {ours}). "
        "Load on anything else has to be asked for: rollout load --allow-remote"
    )
