"""The composition root: the only module that names adapters."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from console.adapters.awake import keep_awake_time
from console.adapters.clock import SystemClock
from console.adapters.proxy.nginx import NginxProxy
from console.adapters.storage.active_color import FileActiveColor
from console.adapters.storage.journal import FileJournal
from console.adapters.storage.lock import FileLock
from console.adapters.storage.modes import make_directory
from console.adapters.storage.receipts import FileReceipts
from console.config.anchor import anchor
from console.engine.session import Session
from console.engine.world import Ports
from console.model.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from console.model.facts import Facts
    from console.model.load import LoadConfig
    from console.model.request import Actor
    from console.model.spec import Spec
    from console.ports.load import LoadRun
    from console.ports.proxy_host import BindMount, ProxyHost
    from console.ports.runtime import Runtime

STATE_MODE = 0o750
"""Readable by the group, so that a second operator sees the journal and the lock."""
CONFIG_MODE = 0o755
"""Readable by the proxy, whatever user it runs as."""


async def open_session(spec: Spec, actor: Actor, *, read_only: bool = False) -> Session:
    """A session on a Docker Compose stack, on the state of the checkout that brought the stack up. Close it when done.

    Raises:
        ConfigError: a flag or variable names another state directory than the running stack's.
        RuntimeFailedError: Docker can't be asked.
        OSError: the state directory can't be made (never raised when read-only).
    """
    from console.adapters.runtime.compose_runtime import ComposeRuntime  # noqa: PLC0415
    from console.adapters.runtime.container_host import ContainerHost  # noqa: PLC0415
    from console.adapters.runtime.docker_client import DockerClient  # noqa: PLC0415 - Docker's SDK takes its time

    if not read_only and spec.proxy.target is None:
        raise _unmounted(spec)
    keep_awake_time(asyncio.get_running_loop())
    client = DockerClient()
    host = ContainerHost(spec, client)
    try:
        spec = anchor(spec, mounted(spec, await host.bind_mounts()))
    except BaseException:
        await client.close()
        raise
    session = _session(spec, actor, ComposeRuntime(spec, client), host, read_only=read_only)
    session.ports = replace(session.ports, make_load=_guarded(spec))
    return session


def _unmounted(spec: Spec) -> ConfigError:
    """The error for a directory that no proxy reads: a cutover could never be seen, and a standby would be lost."""
    problem = Problem(
        where=spec.paths_given_by.get("upstream_file", "x-rollout.proxy.config"),
        message=f"{spec.proxy.config} is mounted nowhere in the service `{spec.proxy.service}`, "
        "so nothing that is written there would ever be served",
        hint="`rollout init` prints the line for its `volumes`",
    )
    return ConfigError((problem,), attempted="find the proxy's generated configuration")


def preload() -> None:
    """Import what `open_session` needs: what is imported while a child process works costs no time."""
    import console.adapters.runtime.compose_runtime  # noqa: PLC0415
    import console.adapters.runtime.container_host  # noqa: PLC0415
    import console.adapters.runtime.docker_client  # noqa: F401, PLC0415


async def gather_facts(spec: Spec, environ: Mapping[str, str] | None = None) -> Facts:
    """What the preflight check judges by: a stack's files, its proxy, and this machine.

    Raises:
        ConfigError: the Compose files can't be read any more.
        RuntimeFailedError: Docker can't be asked.
    """
    from console.adapters.proxy.facts import proxy_facts  # noqa: PLC0415
    from console.adapters.runtime.compose_runtime import ComposeRuntime  # noqa: PLC0415
    from console.adapters.runtime.container_host import ContainerHost  # noqa: PLC0415
    from console.adapters.runtime.docker_client import DockerClient  # noqa: PLC0415
    from console.adapters.runtime.host_facts import host_facts  # noqa: PLC0415
    from console.config.load import load_static  # noqa: PLC0415
    from console.engine.history import recent  # noqa: PLC0415
    from console.model.facts import Facts  # noqa: PLC0415

    client = DockerClient()
    try:
        replicas = await ComposeRuntime(spec, client).replicas()
        known = recent(FileJournal(spec.state / "journal.jsonl"))
        earlier = next((release for release in known[1:] if release.image.id), None)
        static = load_static(spec, os.environ if environ is None else environ)
        running = sum(replica.running for replica in replicas)
        return Facts(
            spec=spec,
            static=static,
            proxy=await proxy_facts(spec, ContainerHost(spec, client)),
            host=await host_facts(spec, client, running=running, rollback=earlier, ports=static.proxy.ports),
        )
    finally:
        await client.close()


def open_load(config: LoadConfig, *, check: Callable[[], None] | None = None) -> LoadRun:
    """A load generator, not yet started. Close it when done.

    Args:
        config: the run.
        check: asked in a thread before anything is started; raises what `LoadRun.start` is to raise.
    """
    from console.adapters.load import LoadSupervisor  # noqa: PLC0415 - only where load is asked for

    return LoadSupervisor(config, check=check)


def _guarded(spec: Spec) -> Callable[[LoadConfig], LoadRun]:
    """Load for a stack, at nothing but its own published address, whatever its configuration names."""

    def make(config: LoadConfig) -> LoadRun:
        return open_load(config, check=partial(check_own_address, spec, config.url))

    return make


def check_own_address(spec: Spec, url: str) -> None:
    """Raise `UsageError` unless a URL leads to a port that the stack's proxy publishes; `ConfigError` as `load_static`.

    Runs one `docker compose config`.
    """
    from console.config.load import load_static  # noqa: PLC0415 - only where load is asked for
    from console.load.guard import check_aim, published  # noqa: PLC0415
    from console.load.target import TargetError  # noqa: PLC0415

    try:
        check_aim(url, published(spec, load_static(spec, os.environ).proxy.ports))
    except TargetError as error:
        raise UsageError("aim the load", str(error), now="nothing was sent") from error


@asynccontextmanager
async def embedded_session(
    actor: Actor, *, replicas: int = 1, state: Path | None = None, read_only: bool = False
) -> AsyncIterator[Session]:
    """A session on an embedded stack that serves already: real replicas and a real nginx, without Docker.

    Everything is gone when the block is left, except a given state directory.

    Raises:
        RuntimeFailedError: there is no nginx, or the stack does not come up.
    """
    from console.demo.stack.stack import EmbeddedStack  # noqa: PLC0415 - only the demo needs psutil and nginx

    keep_awake_time(asyncio.get_running_loop())
    async with EmbeddedStack(replicas=replicas, state=state) as stack:
        yield _session(stack.spec, actor, stack.runtime, stack.host, read_only=read_only)


def mounted(spec: Spec, mounts: tuple[BindMount, ...]) -> Path | None:
    """The host directory that the running proxy sees where it includes the generated files; None when it sees none."""
    target = spec.proxy.target
    for mount in sorted(mounts, key=lambda one: -len(one.target.parts)):
        if target is not None and target.is_relative_to(mount.target):
            return mount.source / target.relative_to(mount.target)
    return None


def _session(spec: Spec, actor: Actor, runtime: Runtime, host: ProxyHost, *, read_only: bool) -> Session:
    if not read_only:
        prepare(spec)
    ports = Ports(
        runtime=runtime,
        proxy=NginxProxy(spec, host),
        journal=FileJournal(spec.state / "journal.jsonl"),
        receipts=FileReceipts(spec.state / "receipts"),
        active=FileActiveColor(spec.active_color_file),
        lock=FileLock(spec.state / "lock"),
        clock=SystemClock(),
        make_load=open_load,
    )
    return Session(spec, ports, actor, read_only=read_only)


def missing_override(spec: Spec) -> dict[Path, str]:
    """The override that defines a derived twin, when there is none yet. Raises `RuntimeFailedError`."""
    from console.adapters.runtime import override  # noqa: PLC0415 - as above

    path = override.path(spec)
    if not spec.derived_twin or path.exists():
        return {}
    return {path: override.render(spec, {}, override.find_bases(spec))}


def prepare(spec: Spec) -> None:
    """Make the state directory and the directory that the proxy mounts. Idempotent. Raises `OSError`."""
    for directory, mode in ((spec.state, STATE_MODE), (spec.proxy.config, CONFIG_MODE)):
        make_directory(directory, mode)
