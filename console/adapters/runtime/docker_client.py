"""The Docker Engine API behind one door: lazy, bounded in time, and with every vendor error mapped once."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import docker.errors
import requests.exceptions
from docker.api.client import APIClient
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.context import ContextAPI
from docker.utils import kwargs_from_env

from console.adapters.runtime.text import clean
from console.model.errors import RuntimeFailedError, RuntimeUnreachableError

T = TypeVar("T")

_UNIX = "unix://"
CALL_DEADLINE = 30.0
"""Seconds that one call of the API may take, unless it says otherwise."""


class NotFoundError(RuntimeFailedError):
    """The engine does not know the container or the image."""


class ConflictError(RuntimeFailedError):
    """The engine knows it, but it isn't in the state that the call needs (not running, in use)."""


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """Run a blocking function in a thread of its own that never holds up the end of the process.

    The executors of the standard library are joined at exit: one call that hangs would hang the exit too.
    Cancelling the await gives up waiting; the function itself runs into its own timeout.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # T may itself be None

    def run() -> None:
        try:
            outcome: tuple[T | None, BaseException | None] = (function(), None)
        except BaseException as error:  # noqa: BLE001  # carried to the awaiting task whole, nothing is swallowed
            outcome = (None, error)
        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(settle, *outcome)
            except RuntimeError:  # the loop was closed in between: nobody waits any more
                return

    threading.Thread(target=run, daemon=True, name="docker-call").start()
    return await future


class DockerClient:
    """One lazily made connection pool to the engine that the `docker` command would use as well."""

    def __init__(self) -> None:
        self._client: APIClient | None = None
        self._making = threading.Lock()

    async def call(self, attempted: str, act: Callable[[APIClient], T], *, deadline: float = CALL_DEADLINE) -> T:
        """Run `act` against the API within `deadline` seconds.

        Raises:
            NotFoundError: the engine does not know what the call is about.
            ConflictError: it is in the wrong state for the call.
            RuntimeUnreachableError: there is no daemon, or this user may not ask it.
            RuntimeFailedError: anything else.
        """
        try:
            async with asyncio.timeout(deadline):
                return await in_daemon_thread(partial(self.blocking, attempted, act))
        except TimeoutError:
            raise RuntimeFailedError(
                attempted,
                f"the Docker engine gave no answer within {deadline:g} s",
                now="containers go on as they are",
                next_command="docker info",
            ) from None

    def blocking(self, attempted: str, act: Callable[[APIClient], T]) -> T:
        """The same on the calling thread, for those that have one of their own."""
        try:
            return act(self._connected())
        except docker.errors.NotFound as error:
            raise NotFoundError(attempted, _explanation(error)) from error
        except docker.errors.APIError as error:
            kind = ConflictError if error.status_code == requests.codes.conflict else RuntimeFailedError
            raise kind(attempted, _explanation(error), next_command="docker info") from error
        except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
            raise _unreachable(attempted, error) from error

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        with self._making:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> APIClient:
        with self._making:
            if self._client is None:
                self._client = _connect()
            return self._client


def _connect() -> APIClient:
    """Reach the engine, and speak the version of the API that it does."""
    settings = _settings()
    address = str(settings.get("base_url") or DEFAULT_UNIX_SOCKET).removeprefix("http+")
    if address.startswith(_UNIX):
        # The SDK would leave the socket of a refused connection open, and hide the reason in its message.
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(address.removeprefix(_UNIX))
    try:
        return APIClient(version="auto", timeout=int(CALL_DEADLINE), **settings)
    except docker.errors.DockerException as error:
        # The SDK wraps what went wrong while it asked for the version into one kind of error.
        cause = error.__cause__
        if isinstance(cause, (requests.exceptions.RequestException, docker.errors.APIError)):
            raise cause from None
        raise


def _settings() -> dict[str, Any]:
    """The engine that the `docker` command uses: `DOCKER_HOST`, else the current context, else the local socket."""
    if not os.environ.get("DOCKER_HOST"):
        name = os.environ.get("DOCKER_CONTEXT")
        context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
        if context is not None and context.name != "default":
            return {"base_url": context.Host, "tls": context.TLSConfig or False}
    return dict(kwargs_from_env())


def _explanation(error: docker.errors.APIError) -> str:
    return clean(str(error.explanation or error)).strip()


def _unreachable(attempted: str, error: Exception) -> RuntimeFailedError:
    now = "running containers are not affected"
    if isinstance(error, requests.exceptions.Timeout):
        found = "the Docker engine gave no answer in time"
        return RuntimeFailedError(attempted, found, now=now, next_command="docker info")
    if isinstance(error, PermissionError):
        found = "this user may not use the Docker socket"
        next_command = 'sudo usermod -aG docker "$USER"   # then log in again'
        return RuntimeUnreachableError(attempted, found, now=now, next_command=next_command)
    if isinstance(error, (OSError, requests.exceptions.ConnectionError)):
        found = f"no Docker engine answers ({clean(str(error))}); is the daemon running?"
        return RuntimeUnreachableError(attempted, found, now=now, next_command="sudo systemctl start docker")
    return RuntimeFailedError(attempted, clean(str(error)), now=now, next_command="docker info")
