"""A proxy's processes in a container of the project."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from docker.api.client import APIClient

from console.adapters.runtime.container_exec import ExecResult, execute
from console.adapters.runtime.container_replica import Tree, branch, leaf
from console.adapters.runtime.containers import Containers, running
from console.adapters.runtime.docker_client import ConflictError, DockerClient, NotFoundError, in_daemon_thread
from console.adapters.runtime.text import clean, telling_words
from console.adapters.runtime.visible_processes import VisibleProcesses, parents_first
from console.model.errors import ProxyGoneError, ProxyUnreachableError, RuntimeFailedError
from console.model.spec import Spec
from console.ports.proxy_host import BindMount, CommandResult, Process

R = TypeVar("R")

READ_DEADLINE = 10.0
_ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}  # noqa: S104  # as Docker names it
_COLUMNS = "-eo pid,ppid,args"


CRASHED = frozenset({"restarting", "exited", "dead"})
STATES = {
    "created": "was never started",
    "restarting": "ends and is restarted, again and again",
    "exited": "has ended",
}
_NETWORKING = re.compile(r"^.*driver failed programming external connectivity on endpoint \S+ \([0-9a-f]+\): ")
LAST_WORDS = 20
"""Lines of a crashed proxy's output that are searched for the reason."""


class _DownError(NotFoundError):
    """The proxy has a container, which does not run."""

    def __init__(self, attempted: str, found: str, *, state: str) -> None:
        super().__init__(attempted, found)
        self.state = state


class ContainerHost:
    """`console.ports.proxy_host.ProxyHost` for the container of the proxy's service."""

    def __init__(self, spec: Spec, client: DockerClient | None = None) -> None:
        self._spec = spec
        self._client = client or DockerClient()
        self._containers = Containers(self._client, spec.project)
        self._id: str | None = None
        self._found: Tree | None = None
        """The container's details from when it was found, until something asks for them: it was only just inspected."""
        self._finding = asyncio.Lock()
        self._visible: VisibleProcesses | None = None

    async def run(self, argv: tuple[str, ...], *, deadline: float) -> CommandResult:
        """Run an argument list in the container, at most `deadline` seconds."""
        result = await self._execute(argv, deadline)
        return CommandResult(exit_code=result.exit_code, output=result.text, whole=result.whole)

    async def processes(self) -> tuple[Process, ...]:
        """The container's processes, master first: from this machine (0.1 ms), or as the engine lists them (15 ms)."""

        async def top(container: str) -> tuple[Process, ...]:
            seen = self._visible.read() if self._visible else None
            if seen:
                return seen
            answer = await self._call(container, lambda api: api.top(container, _COLUMNS))
            return process_table(answer)

        return await self._with_container("list the proxy's processes", top)

    async def read_text(self, path: PurePosixPath) -> str:
        """A small file as the proxy sees it, by `cat`: the API's own way does not reach `/proc`."""
        if self._visible:
            text = await in_daemon_thread(partial(self._visible.read_network, path))
            if text is not None:
                return text
        result = await self._execute(("cat", "--", str(path)), READ_DEADLINE)
        if result.exit_code != 0:
            raise ProxyUnreachableError(
                f"read {path} in the proxy", result.text.strip() or f"cat ended with {result.exit_code}"
            )
        return result.text

    async def published(self, port: int) -> str | None:
        """`host:port` under which a port of the container is published on this machine."""
        return binding(await self._details(f"find the proxy's port {port}"), port)

    async def addresses(self) -> tuple[str, ...]:
        """Every TCP `host:port` that Docker forwards to the container."""
        details = await self._details("find the proxy's ports")
        ports = (port.partition("/") for port in branch(details, "NetworkSettings", "Ports"))
        return tuple(each for port, _, kind in ports if kind == "tcp" for each in bindings(details, int(port)))

    async def identity(self) -> str:
        """Container id and start time."""
        details = await self._details("identify the proxy")
        return f"{leaf(details, 'Id')}@{leaf(details, 'State', 'StartedAt')}"

    async def bind_mounts(self) -> tuple[BindMount, ...]:
        """What the container mounts from the host, running or not; empty when there is none.

        It tells which checkout the stack was brought up from. Raises `RuntimeFailedError`.
        """
        own = await self._containers.inspect(await self._containers.of(self._spec.proxy.service))
        for details in sorted(own, key=lambda one: not running(one)):
            if running(details):
                self._know(details)
            return _bind_mounts(details)
        return ()

    async def close(self) -> None:
        """Close the connections to the engine."""
        await self._client.close()

    async def _execute(self, argv: tuple[str, ...], deadline: float) -> ExecResult:
        attempted = f"run `{argv[0]}` in the proxy"

        async def act(container: str) -> ExecResult:
            return await execute(self._client, container, argv, attempted=attempted, deadline=deadline)

        return await self._with_container(attempted, act)

    async def _details(self, attempted: str) -> Tree:
        async def act(container: str) -> Tree:
            found, self._found = self._found, None
            if found is not None:
                return found
            details: Tree = await self._call(container, lambda api: api.inspect_container(container))
            if not running(details):
                raise ConflictError("inspect the proxy", f"it is {leaf(details, 'State', 'Status')}")
            return details

        return await self._with_container(attempted, act)

    async def _call(self, container: str, act: Callable[[APIClient], R]) -> R:
        return await self._client.call(f"reach the proxy's container {container[:12]}", act)

    async def _with_container(self, attempted: str, act: Callable[[str], Awaitable[R]]) -> R:
        """Act on the container; look it up again once when it was recreated since the last time."""
        try:
            known = self._id
            if known is not None:
                try:
                    return await act(known)
                except (NotFoundError, ConflictError):
                    self._forget(known)
            return await act(await self._find(attempted))
        except RuntimeFailedError as error:
            self._forget(self._id)
            raise self._gone(attempted, await self._closer(attempted, error)) from error

    async def _closer(self, attempted: str, error: RuntimeFailedError) -> RuntimeFailedError:
        """The same with its reason, where the container ended between the look at it and the call."""
        if isinstance(error, ConflictError):
            try:
                await self._look(attempted)
            except RuntimeFailedError as closer:
                return closer
        return error

    async def _find(self, attempted: str) -> str:
        """The running container's id; several that ask at once share one look."""
        async with self._finding:
            if self._id is None:
                self._know(await self._look(attempted))
            return str(self._id)

    def _know(self, details: Tree) -> None:
        container, pid = leaf(details, "Id"), branch(details, "State").get("Pid")
        self._id, self._found = container, details
        self._visible = VisibleProcesses.find(container, pid) if isinstance(pid, int) else None

    def _forget(self, container: str | None) -> None:
        if self._id == container:  # somebody else may have found the new one meanwhile
            self._id = self._found = self._visible = None

    async def _look(self, attempted: str) -> Tree:
        service = self._spec.proxy.service
        own = await self._containers.of(service)
        inspected = await self._containers.inspect(own)
        for details in inspected:
            if running(details):
                return details
        if not inspected:
            raise NotFoundError(attempted, f"the service `{service}` has no container")
        # Not as it was listed: it may have ended since.
        details = inspected[0]
        state = leaf(details, "State", "Status")
        raise _DownError(
            attempted, f"its container {STATES.get(state, f'is {state}')}{await self._why(details, state)}", state=state
        )

    async def _why(self, details: Tree, state: str) -> str:
        """What a container that does not run, or Docker of it, said last; empty when that was nothing."""
        try:
            told = _NETWORKING.sub("", clean(leaf(details, "State", "Error")).strip())
            if not told and state in CRASHED:
                container = leaf(details, "Id")
                output = await self._client.call(
                    "read the proxy's logs", lambda api: api.logs(container, tail=LAST_WORDS, stream=False)
                )
                told = telling_words(output)
        except RuntimeFailedError:
            return ""
        return f": {told}" if told else ""

    def _gone(self, attempted: str, error: RuntimeFailedError) -> ProxyUnreachableError:
        if not isinstance(error, (NotFoundError, ConflictError)):
            return ProxyUnreachableError(attempted, error.found, now=error.now, next_command=error.next_command)
        now = "without the proxy no request reaches the stack; the replicas go on as they are"
        service = self._spec.proxy.service
        crashing = (error.state in CRASHED) if isinstance(error, _DownError) else "is restarting" in error.found
        command = f"docker compose -p {self._spec.project} {'logs' if crashing else 'ps --all'} {service}"
        return ProxyGoneError(attempted, error.found, now=now, next_command=command, crashing=crashing)


def _bind_mounts(details: Tree) -> tuple[BindMount, ...]:
    mounts = details.get("Mounts")
    each = [mount for mount in mounts if isinstance(mount, dict)] if isinstance(mounts, list) else []
    return tuple(
        BindMount(source=Path(leaf(mount, "Source")), target=PurePosixPath(leaf(mount, "Destination")))
        for mount in each
        if leaf(mount, "Type") == "bind"
    )


def process_table(answer: Tree) -> tuple[Process, ...]:
    """The processes of a `GET /containers/<id>/top`; parents before their children."""
    rows = answer.get("Processes")
    found: list[Process] = []
    for row in rows if isinstance(rows, list) else []:
        pid, parent, *title = row
        found.append(Process(pid=int(pid), parent=int(parent), title=clean(" ".join(title)).strip()))
    return parents_first(found)


def binding(details: Tree, port: int) -> str | None:
    """Where a container's TCP port is published; loopback wins over any other address."""
    return next(iter(bindings(details, port)), None)


def bindings(details: Tree, port: int) -> list[str]:
    """All addresses at which a container's TCP port is published, loopback first."""
    entries = branch(details, "NetworkSettings", "Ports").get(f"{port}/tcp")
    found: list[str] = []
    for entry in entries if isinstance(entries, list) else []:
        address, number = leaf(entry, "HostIp"), leaf(entry, "HostPort")
        host = _ANY_ADDRESS.get(address, f"[{address}]" if ":" in address else address)
        if number:
            found.append(f"{host}:{number}")
    return sorted(set(found), key=lambda each: (not each.startswith("127."), not each.startswith("[::1]"), each))
