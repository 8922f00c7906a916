"""Run an argument list inside a container, through the API: no process start of the `docker` command (0.3 s)."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from docker.api.client import APIClient

from console.adapters.runtime.docker_client import DockerClient
from console.adapters.runtime.text import clean
from console.model.errors import RuntimeFailedError
from console.ports.proxy_host import OUTPUT_KEPT

_FRAME_HEAD = 8
_CHUNK = 65536
_MOST_RECEIVED = 2 * OUTPUT_KEPT
"""Bytes of the stream that are kept, for the heads of its frames take room as well."""
_ANSWER_MARGIN = 5.0
_LOOK = 0.5
"""Seconds; a longer wait for output counts as this much. Who was held up finds what came meanwhile, and reads on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """How a command inside a container ended."""

    exit_code: int
    output: bytes
    """Standard output and error in the order in which they came, at most `OUTPUT_KEPT` bytes."""
    whole: bool = True
    """False when there was more."""

    @property
    def text(self) -> str:
        """The output, stripped of control characters."""
        return clean(self.output)


class _Socket(Protocol):
    def settimeout(self, value: float | None, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


async def execute(
    client: DockerClient, container: str, argv: tuple[str, ...], *, attempted: str, deadline: float
) -> ExecResult:
    """Run `argv` in a running container and wait for its end, at most `deadline` seconds.

    The API can't kill what it started: a command that overstays goes on, and only the waiting ends.

    Raises:
        NotFoundError: there is no such container.
        ConflictError: it isn't running.
        RuntimeFailedError: it did not end in time, or the engine failed.
    """
    return await client.call(
        attempted,
        lambda api: _blocking(api, container, argv, attempted=attempted, deadline=deadline),
        deadline=deadline + _ANSWER_MARGIN,
    )


def _blocking(api: APIClient, container: str, argv: tuple[str, ...], *, attempted: str, deadline: float) -> ExecResult:
    exec_id = api.exec_create(container, list(argv))["Id"]
    stream = api.exec_start(exec_id, socket=True)
    try:
        # The SDK's own reader polls without a limit: a command that never ends would hold the thread for ever.
        output, whole = _read(cast("_Socket", getattr(stream, "_sock", stream)), deadline)
    except TimeoutError:
        raise RuntimeFailedError(
            attempted,
            f"`{argv[0]}` did not end within {deadline:g} s",
            now="the container goes on as it is",
            next_command=f"docker top {container[:12]}",
        ) from None
    finally:
        # The SDK hangs the response on the stream; closing the response closes the connection too, the other way
        # round would leave it open.
        getattr(stream, "_response", stream).close()
    code = api.exec_inspect(exec_id)["ExitCode"]
    return ExecResult(exit_code=-1 if code is None else int(code), output=output, whole=whole)


def _read(connection: _Socket, left: float) -> tuple[bytes, bool]:
    """What comes until the end of the stream, without the 8-byte heads of its frames, and whether that is all.

    Raises:
        TimeoutError: the stream has no end within `left` seconds.
    """
    received, whole = bytearray(), True
    while left > 0:
        look, began = min(left, _LOOK), time.monotonic()
        connection.settimeout(look)
        with suppress(TimeoutError):
            chunk = connection.recv(_CHUNK)
            if not chunk:
                payload = _payload(bytes(received))
                return payload[:OUTPUT_KEPT], whole and len(payload) <= OUTPUT_KEPT
            if len(received) <= _MOST_RECEIVED:
                received += chunk
            else:
                whole = False  # read on all the same: who writes to a stream that nobody reads never ends
        left -= min(look, time.monotonic() - began)
    raise TimeoutError


def _payload(stream: bytes) -> bytes:
    """The payloads of a stream of frames (Docker Engine API, "attach to a container": stream format)."""
    payload = bytearray()
    position = 0
    while position + _FRAME_HEAD <= len(stream):
        size = int.from_bytes(stream[position + 4 : position + _FRAME_HEAD], "big")
        position += _FRAME_HEAD
        payload += stream[position : position + size]
        position += size
    return bytes(payload)
