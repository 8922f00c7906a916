"""Free ports, each given out once on this machine: also to tests of other processes that ask at the same time."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
"""Below the range from which the system takes ports for outgoing connections: a test's own traffic would otherwise
sooner or later sit on the port that its server is about to bind."""
_ATTEMPTS = 2_000


class Ports:
    """Ports of the loopback address that nobody listens on. Close it when all of them are done with.

    Between giving one out and its being bound lies what a test takes to start its server. Meanwhile it is marked as
    given: by a UDP socket of that number, which every process of this machine meets, and no TCP server does.
    """

    def __init__(self) -> None:
        self._given: list[socket.socket] = []

    def reserve(self, count: int) -> list[int]:
        """So many of them."""
        return [self._next() for _ in range(count)]

    def close(self) -> None:
        """Give all of them back."""
        while self._given:
            self._given.pop().close()

    def _next(self) -> int:
        for _ in range(_ATTEMPTS):
            port = random.randrange(LOWEST, HIGHEST)
            if self._mark(port):
                return port
        raise AssertionError(f"no free port in {_ATTEMPTS:,} tries")

    def _mark(self, port: int) -> bool:
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            return False
        self._given.append(mark)
        return True
