"""Port to where a proxy's processes run: a container, or this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

OUTPUT_KEPT = 1 << 20
"""Bytes of a command's output that are kept: a whole configuration as people write them, and never a flood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The outcome of a command run beside the proxy."""

    exit_code: int
    output: str
    """Standard output and error together, control characters stripped."""
    whole: bool = True
    """False when there was more than `OUTPUT_KEPT`, so that a part is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process, as `ps` would list it."""

    pid: int
    parent: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BindMount:
    """A host path as the proxy sees it."""

    source: Path
    target: PurePosixPath


class ProxyHost(Protocol):
    """Runs commands next to the proxy and lists its processes; all raise `ProxyUnreachableError` when it is gone."""

    async def run(self, argv: tuple[str, ...], *, deadline: float) -> CommandResult:
        """Run an argument list (no shell) beside the proxy."""
        ...

    async def processes(self) -> tuple[Process, ...]:
        """The proxy's processes, master first. Must be cheap: it is polled every few milliseconds in a cutover."""
        ...

    async def read_text(self, path: PurePosixPath) -> str:
        """A small file as the proxy sees it, for example `/proc/net/tcp`."""
        ...

    async def published(self, port: int) -> str | None:
        """`host:port` on this machine's loopback for a port of the proxy; None when it isn't published."""
        ...

    async def addresses(self) -> tuple[str, ...]:
        """What `host:port` of this machine is forwarded to the proxy; nothing for one that listens by itself."""
        ...

    async def identity(self) -> str:
        """Changes when the proxy is started anew: container id and start time, or process id."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
