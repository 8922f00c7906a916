"""Docker's event stream, pushed to the loop: one daemon thread reads it and connects again when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

import requests.exceptions
from docker.api.client import APIClient

from console.adapters.runtime.container_replica import ONE_OFF_LABEL, PROJECT_LABEL, SERVICE_LABEL, Tree, branch, leaf
from console.adapters.runtime.docker_client import DockerClient
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.spec import Spec
from console.ports.runtime import ReplicaChanged

_ACTIONS = ("start", "die", "stop", "kill", "oom", "destroy")
_HEALTH = {"health_status: healthy": "healthy", "health_status: unhealthy": "unhealthy"}
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.1, 5.0
_OPEN_DEADLINE = 10.0
_REMEMBERED = 64
_ATTEMPT = "follow the events of the Docker engine"


class _Stream(Protocol):
    def __iter__(self) -> Iterator[Tree]: ...
    def close(self) -> None: ...


@asynccontextmanager
async def subscribe(client: DockerClient, spec: Spec) -> AsyncGenerator[AsyncIterator[ReplicaChanged]]:
    """Replica events from entering on, without an end; leaving closes the stream at once.

    Raises:
        RuntimeFailedError: the engine can't be reached when it begins. Later it is tried again, for ever.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[ReplicaChanged] = asyncio.Queue()
    opened: asyncio.Future[None] = loop.create_future()
    colors = {service: color for color, service in spec.services.items()}

    def opening(error: RuntimeFailedError | None) -> None:
        if opened.done():
            return
        if error is None:
            opened.set_result(None)
        else:
            opened.set_exception(error)

    def post(act: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(act)

    def deliver(message: Tree) -> None:
        change = translate(message, colors)
        if change is not None:
            post(lambda: queue.put_nowait(change))

    reader = _Reader(client, spec.project, deliver, lambda error: post(lambda: opening(error)))
    reader.start()
    try:
        try:
            async with asyncio.timeout(_OPEN_DEADLINE):
                await opened
        except TimeoutError:
            raise RuntimeFailedError(
                _ATTEMPT, "it does not answer", now="containers go on as they are", next_command="docker info"
            ) from None
        yield _Changes(queue)
    finally:
        reader.stop()


def translate(message: Tree, colors: dict[str, Color]) -> ReplicaChanged | None:
    """One message of the engine as a change of a replica; None when it is about something else."""
    action = leaf(message, "Action")
    what = action if action in _ACTIONS else _HEALTH.get(action)
    attributes = branch(message, "Actor", "Attributes")
    color = colors.get(leaf(attributes, SERVICE_LABEL))
    if what is None or color is None or leaf(attributes, ONE_OFF_LABEL) == "True":
        return None
    code = leaf(attributes, "exitCode")
    return ReplicaChanged(
        id=leaf(message, "Actor", "ID"),
        color=color,
        what=what,
        exit_code=int(code) if what == "die" and code.lstrip("-").isdigit() else None,
    )


class _Changes:
    """The iterator that subscribers get: endless, and with nothing to close."""

    def __init__(self, queue: asyncio.Queue[ReplicaChanged]) -> None:
        self._queue = queue

    def __aiter__(self) -> AsyncIterator[ReplicaChanged]:
        return self

    async def __anext__(self) -> ReplicaChanged:
        return await self._queue.get()


class _Reader(threading.Thread):
    """Blocks on the stream in a thread of its own; `stop` closes the stream under it, or it would hang the exit."""

    def __init__(
        self,
        client: DockerClient,
        project: str,
        deliver: Callable[[Tree], None],
        opening: Callable[[RuntimeFailedError | None], None],
    ) -> None:
        super().__init__(daemon=True, name="docker-events")
        self._client = client
        self._project = project
        self._deliver = deliver
        self._opening = opening
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._stream: _Stream | None = None
        self._since = time.time_ns()
        """Nanoseconds since the epoch; the engine replays what happened from then on, so a break loses nothing."""
        self._seen: deque[tuple[int, str, str]] = deque(maxlen=_REMEMBERED)

    def stop(self) -> None:
        """End the thread at once. Idempotent."""
        self._stopped.set()
        with self._guard:
            stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(OSError, AttributeError):  # closed by its other end already
                stream.close()

    def run(self) -> None:
        """Read until stopped; after a break connect again, slower each time."""
        backoff = _FIRST_BACKOFF
        while not self._stopped.is_set():
            try:
                stream = self._client.blocking(_ATTEMPT, self._open)
                self._opening(None)
                backoff = _FIRST_BACKOFF
                self._read(stream)
            except RuntimeFailedError as error:
                self._opening(error)
            if self._stopped.wait(backoff):
                return
            backoff = min(backoff * 2, _LONGEST_BACKOFF)

    def _open(self, api: APIClient) -> _Stream:
        seconds, nanoseconds = divmod(self._since, 1_000_000_000)
        stream: _Stream = api.events(  # type: ignore[call-overload]  # the stubs know `since` in whole seconds only
            decode=True,
            since=f"{seconds}.{nanoseconds:09d}",
            filters={
                "type": ["container"],
                "label": [f"{PROJECT_LABEL}={self._project}"],
                "event": [*_ACTIONS, "health_status"],
            },
        )
        with self._guard:
            self._stream = stream
        if self._stopped.is_set():
            self.stop()
        return stream

    def _read(self, stream: Iterable[Tree]) -> None:
        with contextlib.suppress(requests.exceptions.RequestException, OSError, ValueError, AttributeError):
            # A stream that is closed under its reader ends in any of these; `run` connects again unless stopped.
            for message in stream:
                if self._stopped.is_set():
                    return
                at = message.get("timeNano")
                moment = at if isinstance(at, int) else 0
                identity = (moment, leaf(message, "Actor", "ID"), leaf(message, "Action"))
                if identity in self._seen:
                    continue
                self._seen.append(identity)
                self._since = max(self._since, moment)
                self._deliver(message)
