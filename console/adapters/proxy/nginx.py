"""The nginx adapter: one generated file, a reload, and the proof that it took.

A reload is asked for with `nginx -s reload` and never trusted: nginx refuses a configuration in ways that exit 0. The
verdict is what can be seen: no worker of before accepts any more, new ones do, and the control listener tells the
generation that was written.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import PurePosixPath
from typing import TypeVar

from console.adapters.proxy import upstream_file
from console.adapters.proxy.control import CONTROL_TIMEOUT, Control
from console.adapters.proxy.dump import NO_DUMP, ways_past, without_dump
from console.adapters.proxy.http import FetchError, fetch, target_of
from console.adapters.proxy.read_back import ReadBack
from console.adapters.proxy.sockets import established_to
from console.adapters.proxy.version import proxy_versions
from console.adapters.proxy.workers import command_of, master_of, workers_of
from console.adapters.storage.atomic import write_atomically
from console.model.errors import ProxyGoneError, ProxyRefusedError, ProxyUnreachableError
from console.model.observed import Upstream, UpstreamObserved
from console.model.spec import Spec
from console.ports.proxy import Answer
from console.ports.proxy_host import CommandResult, Process, ProxyHost

COMMAND_DEADLINE = 15.0
"""Seconds for `nginx -T` and `nginx -s reload`; a test resolves every name in the configuration."""
TCP_TABLE = PurePosixPath("/proc/net/tcp")

T = TypeVar("T")


class NginxProxy:
    """`ports.proxy.Proxy` over nginx. Safe for concurrent observers; only one caller may change the upstream."""

    def __init__(self, spec: Spec, host: ProxyHost) -> None:
        self._spec = spec
        self._host = host
        self._control = Control(host, spec.proxy.control_port)

    async def observe(self) -> UpstreamObserved:
        """File, live configuration and workers, now. Never raises."""
        processes, live = await asyncio.gather(
            self._host.processes(),
            self._control.live(self._path, timeout=CONTROL_TIMEOUT),
            return_exceptions=True,
        )
        problems: list[ProxyUnreachableError | str] = []
        try:
            configured = upstream_file.parse(self.read())
        except OSError as error:
            configured = None
            problems.append(f"could not read {self._spec.upstream_file}: {error.strerror}")
        return UpstreamObserved(
            configured=configured,
            live=_told(live, problems),
            workers=workers_of(_told(processes, problems) or ()),
            problem="; ".join(dict.fromkeys(map(_words_of, problems))),
            hopeless=any(isinstance(problem, ProxyGoneError) for problem in problems),
            way_on=next((each.next_command or self._anew for each in problems if isinstance(each, ProxyGoneError)), ""),
        )

    def read(self) -> bytes | None:
        """The content of the upstream file; None when there is none. Raises `OSError` when it can't be read."""
        try:
            return self._spec.upstream_file.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, upstream: Upstream) -> None:
        """Replace the upstream file atomically. Raises `ProxyRefusedError`; the old file is then still in place."""
        try:
            content = upstream_file.render(upstream)
        except ValueError as error:
            raise self._refused("write the upstream file", str(error)) from error
        self._write(content)

    def restore(self, content: bytes | None, generation: int) -> None:
        """Write earlier content again under a new generation. Raises `ProxyRefusedError`.

        None (there was no file) does not remove the file: it is replaced by one that only tells the generation, so
        that nginx serves the default color of its own configuration and `read_back` can still see *this* restore.
        """
        self._write(upstream_file.reissue(content, generation))

    async def validate(self) -> tuple[str, ...]:
        """`nginx -T` with the running master's own flags: the test of `-t`, and what the configuration is as a whole.

        Returns the places that no cutover moves. Raises `ProxyRefusedError` with nginx's words.
        """
        command = command_of(self._master(await self._host.processes()))
        result = await self._host.run((*command, "-T"), deadline=COMMAND_DEADLINE)
        if result.exit_code != 0 and NO_DUMP in result.output:
            result = await self._host.run((*command, "-t"), deadline=COMMAND_DEADLINE)
        if result.exit_code != 0:
            raise self._refused("validate the proxy's configuration", _words(result))
        return await ways_past(self._spec, result)

    async def apply(self) -> frozenset[int]:
        """`nginx -s reload` with the running master's own flags; returns the workers that accepted before.

        Never a HUP from outside: after `docker kill -s HUP` a container with `restart: unless-stopped` stays dead
        when it crashes later. Exit code 0 says only that the signal was sent.

        Raises:
            ProxyRefusedError: nginx could not even send it; its words say why.
        """
        processes = await self._host.processes()
        command = command_of(self._master(processes))
        result = await self._host.run((*command, "-s", "reload"), deadline=COMMAND_DEADLINE)
        if result.exit_code != 0:
            raise self._refused("reload the proxy", _words(result))
        return frozenset(worker.pid for worker in workers_of(processes) if not worker.retiring)

    async def read_back(self, generation: int, before: frozenset[int], *, deadline: float) -> UpstreamObserved:
        """Wait until no worker of `before` accepts, others do, and the live generation matches.

        Raises:
            ProxyRefusedError: not so after `deadline` seconds.
            ProxyUnreachableError: the proxy could not be asked at the end of it.
        """
        reader = ReadBack(host=self._host, control=self._control, path=self._path, hint=self._hint)
        workers, live = await reader.wait(generation, before, deadline=deadline)
        return UpstreamObserved(configured=upstream_file.parse(self.read()), live=live, workers=workers)

    async def old_workers(self) -> int:
        """How many retiring workers still finish requests. Raises `ProxyUnreachableError`."""
        return sum(worker.retiring for worker in workers_of(await self._host.processes()))

    async def versions(self) -> tuple[tuple[str, str], ...]:
        """As `nginx -v` says; nothing where it can't be asked."""
        return await proxy_versions(self._host)

    async def in_flight(self, addresses: frozenset[str]) -> int | None:
        """Established connections to these replicas, idle kept-alive ones of an accepting worker included.

        Once a color is out of the upstream only retiring workers hold any, and those keep no idle ones. None where
        the proxy's system has no table of sockets.
        """
        if not addresses:
            return 0
        try:
            return established_to(await self._host.read_text(TCP_TABLE), addresses)
        except OSError:
            return None

    async def probe_replica(self, address: str, path: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        """GET `path` from one replica through the control listener. Never raises."""
        return await self._control.probe(address, path, timeout=timeout)

    async def probe_url(self, url: str, *, timeout: float) -> Answer:  # noqa: ASYNC109
        """GET an absolute URL as a client would, on a fresh connection, without following redirects. Never raises."""
        began = time.monotonic()
        try:
            response = await fetch(target_of(url), timeout=timeout)
        except ValueError as error:
            return Answer(status=None, seconds=0.0, problem=f"dns: {error}")
        except FetchError as error:
            return Answer(status=None, seconds=time.monotonic() - began, problem=str(error))
        return Answer(
            status=response.status,
            seconds=time.monotonic() - began,
            release=response.headers.get("x-rollout-release"),
        )

    async def close(self) -> None:
        """Release the connections of the host; nginx itself goes on."""
        await self._host.close()

    @property
    def _path(self) -> str:
        """The path asked for through the users' upstream: cheap, and every release has it."""
        return self._spec.ready.path

    @property
    def _hint(self) -> str:
        """The command that shows nginx's own words; an embedded stack has no Compose to ask."""
        return f"docker compose logs --tail 20 {self._spec.proxy.service}" if self._spec.compose_files else ""

    @property
    def _anew(self) -> str:
        """The command that makes the proxy's container anew, and no other."""
        spec = self._spec
        return f"docker compose -p {spec.project} up -d --no-deps {spec.proxy.service}" if spec.compose_files else ""

    def _write(self, content: bytes) -> None:
        file = self._spec.upstream_file
        try:
            write_atomically(file, content, mode=0o644)
        except OSError as error:
            raise self._refused("write the upstream file", f"{file}: {error.strerror or error}") from error

    def _master(self, processes: tuple[Process, ...]) -> Process:
        master = master_of(processes)
        if master is None:
            raise ProxyUnreachableError(
                "find nginx's master process",
                f"none among {len(processes)} processes of {self._spec.proxy.service}",
                now="the proxy serves nobody",
                next_command=self._hint,
            )
        return master

    def _refused(self, attempted: str, found: str) -> ProxyRefusedError:
        now = "the proxy goes on with the configuration it has"
        return ProxyRefusedError(attempted, found, now=now, next_command=self._hint)


def _told(result: T | BaseException, problems: list[ProxyUnreachableError | str]) -> T | None:
    """The result of a question to the proxy; when it could not be asked, None, and the reason among the problems."""
    if isinstance(result, ProxyUnreachableError):
        problems.append(result)
        return None
    if isinstance(result, BaseException):
        raise result
    return result


def _words_of(problem: ProxyUnreachableError | str) -> str:
    # That the proxy is gone is one fact, whatever was asked of it.
    return f"the proxy: {problem.found}" if isinstance(problem, ProxyGoneError) else str(problem)


def _words(result: CommandResult) -> str:
    """What nginx itself says of a failure: its `[emerg]` lines, else everything, but never its configuration."""
    lines = [line.strip() for line in without_dump(result.output).splitlines() if line.strip()]
    telling = [line for line in lines if "[emerg]" in line or "[alert]" in line] or lines
    return "; ".join(telling) or f"exit code {result.exit_code}, without a word"
