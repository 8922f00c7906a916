"""Ports that stay free until somebody listens on them."""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LOWEST = 20_000
_DEFAULT_EPHEMERAL = 32_768
_ATTEMPTS = 2_000


def free_ports(count: int) -> tuple[int, ...]:
    """So many different free ports of the loopback address.

    Not the ports that the system gives for port 0: those lie in the range it takes clients' ports from, and a load
    generator's connection could take the port of a color that is stopped just now.

    Raises:
        OSError: none found.
    """
    highest = max(_lowest_ephemeral() - 1, _LOWEST + 1_000)
    found: set[int] = set()
    for _ in range(_ATTEMPTS):
        if len(found) == count:
            break
        port = random.randint(_LOWEST, highest)  # noqa: S311 - two stacks should not meet, that is all
        if port not in found and _is_free(port):
            found.add(port)
    if len(found) < count:
        raise OSError(f"found no {count} free ports from {_LOWEST} to {highest} on {LOOPBACK}")
    return tuple(found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _lowest_ephemeral() -> int:
    """ip(7), `ip_local_port_range`; elsewhere the range begins higher than on Linux."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _DEFAULT_EPHEMERAL
