from __future__ import annotations

import sys

import pytest

from console.adapters.proxy.sockets import established_to

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def hexed(address: str) -> str:
    ip, port = address.split(":")
    packed = bytes(int(part) for part in ip.split("."))
    return f"{int.from_bytes(packed, sys.byteorder):08X}:{int(port):04X}"


def row(local: str, remote: str, state: str) -> str:
    return f"   0: {hexed(local)} {hexed(remote)} {state} 00000000:00000000 00:00000000 00000000     0        0 1 1\n"


TABLE = HEAD + "".join(
    [
        row("0.0.0.0:80", "0.0.0.0:0", "0A"),
        row("172.18.0.4:40001", "172.18.0.2:8000", "01"),
        row("172.18.0.4:40002", "172.18.0.2:8000", "01"),
        row("172.18.0.4:40003", "172.18.0.2:8000", "06"),
        row("172.18.0.4:40004", "172.18.0.3:8000", "01"),
        row("172.18.0.2:8000", "172.18.0.4:40009", "01"),
    ]
)


def test_established_connections_to_the_given_replicas_are_counted() -> None:
    assert established_to(TABLE, frozenset({"172.18.0.2:8000"})) == 2
    assert established_to(TABLE, frozenset({"172.18.0.2:8000", "172.18.0.3:8000"})) == 3


def test_another_port_or_another_state_is_not_counted() -> None:
    assert established_to(TABLE, frozenset({"172.18.0.2:8001", "0.0.0.0:0"})) == 0


@pytest.mark.parametrize("torn", ["   1: 0200", "   1: x y 01", "   1: 0:0 ZZ:ZZ 01 0", "   1: 0:0 FFFFFFFFFF:01 01 0"])
def test_a_line_that_cannot_be_read_is_left_out(torn: str) -> None:
    assert established_to(TABLE + torn, frozenset({"172.18.0.2:8000"})) == 2


@pytest.mark.skipif(sys.byteorder != "little", reason="the sample was taken on a little-endian machine")
def test_a_real_line_is_read() -> None:
    line = "  11: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 02:000A 0 0 0 22 2 0 20 4 30 10 -1\n"
    assert established_to(HEAD + line, frozenset({"127.0.0.1:8080"})) == 1
