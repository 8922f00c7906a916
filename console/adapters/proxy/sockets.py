"""Established connections in the kernel's table of TCP sockets (`proc_net_tcp` in the Linux documentation). Pure."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

_ESTABLISHED = "01"


def established_to(table: str, addresses: frozenset[str]) -> int:
    """How many established connections of a `/proc/net/tcp` lead to one of these `ip:port`.

    Lines that can't be read are left out: the kernel's table may change between two reads of a long one.
    """
    return sum(1 for remote in _remotes(table) if remote in addresses)


def _remotes(table: str) -> Iterator[str]:
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _ESTABLISHED:  # noqa: PLR2004
            address = _address(fields[2])
            if address is not None:
                yield address


def _address(field: str) -> str | None:
    """`0100007F:1F90` as `127.0.0.1:8080`: the address is printed as one number in the byte order of the machine."""
    ip, _, port = field.partition(":")
    try:
        packed = int(ip, 16).to_bytes(4, sys.byteorder)
        return f"{socket.inet_ntoa(packed)}:{int(port, 16)}"
    except (ValueError, OverflowError):
        return None
