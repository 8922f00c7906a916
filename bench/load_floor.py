"""What a steady rate costs at the least: a loop that waits, sends, waits and receives, and does nothing with it."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from urllib.parse import urlsplit

_CONNECTIONS = 10
_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: floor\r\nAccept: */*\r\n\r\n"


def bare_loop(url: str, rate: float, seconds: float) -> float:
    """The share of a core that it takes, from 0 to 1; with kept-alive connections, and epoll's own milliseconds."""
    split = urlsplit(url)
    address = (split.hostname or "", split.port or 80)
    sockets = {made.fileno(): made for made in (socket.create_connection(address) for _ in range(_CONNECTIONS))}
    poll = select.epoll()
    for fd, made in sockets.items():
        made.setblocking(False)  # noqa: FBT003 - a vendor's signature
        poll.register(fd, select.EPOLLIN)
    try:
        return _loop(poll, sockets, rate, seconds)
    finally:
        poll.close()
        for made in sockets.values():
            made.close()


def _loop(poll: select.epoll, sockets: dict[int, socket.socket], rate: float, seconds: float) -> float:
    idle, sent, buffer = deque(sockets.values()), 0, bytearray(65_536)
    cpu, began = time.process_time(), time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        while idle and began + sent / rate <= now:
            idle.popleft().send(_REQUEST)
            sent += 1
        for fd, _ in poll.poll(max(0.0, began + sent / rate - time.monotonic()), _CONNECTIONS):
            sockets[fd].recv_into(buffer)
            idle.append(sockets[fd])
    return (time.process_time() - cpu) / (time.monotonic() - began)
