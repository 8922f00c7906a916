"""Everybody who is connected."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol


class Peer(Protocol):
    """One connection, seen from the server."""

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, served or sent."""
        ...

    def expire(self) -> None:
        """Close it if it has been silent for too long."""
        ...

    def finish(self) -> None:
        """Close it gracefully."""
        ...

    def abort(self) -> None:
        """Cut it."""
        ...


class Peers:
    """The open connections."""

    def __init__(self) -> None:
        self._open: set[Peer] = set()
        self._none = asyncio.Event()
        self._none.set()

    @property
    def idle(self) -> bool:
        """Whether none of them is receiving, served or sent to."""
        return all(peer.idle for peer in self._open)

    def add(self, peer: Peer) -> None:
        """It is connected."""
        self._open.add(peer)
        self._none.clear()

    def discard(self, peer: Peer) -> None:
        """It is gone."""
        self._open.discard(peer)
        if not self._open:
            self._none.set()

    def expire(self) -> None:
        """Close those that have been silent for too long."""
        for peer in tuple(self._open):
            peer.expire()

    def finish(self) -> None:
        """Close all of them, gracefully where nothing is being served."""
        for peer in tuple(self._open):
            if peer.idle:
                peer.finish()
            else:
                peer.abort()

    async def gone(self, deadline: float) -> None:
        """Wait until nobody is connected any more, or the deadline (seconds) has passed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none.wait(), deadline)
