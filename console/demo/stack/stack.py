"""A whole stack without Docker: two colors of the demo app behind a real nginx, gone when the block is left."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import os
import pwd
import resource
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Self

from console.adapters.proxy.process_host import ProcessHost
from console.adapters.runtime.local import Catalog, LocalRuntime
from console.adapters.storage.atomic import write_atomically
from console.demo.stack.binary import nginx_binary
from console.demo.stack.nginx_config import NginxConfig
from console.demo.stack.nginx_process import NginxProcess
from console.demo.stack.ports import LOOPBACK, free_ports
from console.demo.stack.wait import answers_ok, until
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.spec import DrainSpec, LoadSpec, ProxySpec, ReadySpec, SmokeSpec, Spec, WatchSpec

APP = Path(__file__).resolve().parents[1] / "app"
SERVICES = {Color.BLUE: "app", Color.GREEN: "app_green"}
DRAIN = 10.0
SHUTDOWN_MARGIN = 5.0
"""Seconds by which nginx's own shutdown timeout exceeds the drain deadline, which it must not undercut."""
UP_DEADLINE = 20.0
_MOST_CONNECTIONS = 8192


class EmbeddedStack:
    """Use as `async with EmbeddedStack() as stack`; blue then serves release `app@v1`, and is recorded as active.

    It gives the parts (`spec`, `runtime`, `host`) and leaves the engine to others. All of it belongs to the event
    loop that entered it. Children end with this process, also when it is killed; only the temporary directory is left
    behind then.

    Args:
        replicas: replicas of each color, at least 1.
        state: state directory; inside the temporary directory when None. It should be a fresh one, since ports and
            releases are new in each run.
        catalog: the releases that can be deployed.
        app: the program to run, the demo app when None.
    """

    def __init__(
        self,
        *,
        replicas: int = 1,
        state: Path | None = None,
        catalog: Catalog | None = None,
        app: Path = APP,
    ) -> None:
        if replicas < 1:
            raise ValueError(f"a color needs at least one replica, not {replicas}")
        self._replicas = replicas
        self._state = state
        self._catalog = catalog or Catalog()
        self._app = app
        self._exit = contextlib.AsyncExitStack()
        self.spec: Spec
        self.runtime: LocalRuntime
        self.host: ProcessHost
        self.url: str
        self.nginx: NginxConfig

    async def __aenter__(self) -> Self:
        """Bring it up. Raises `RuntimeFailedError`; nothing is left running then."""
        try:
            await self._bring_up()
        except BaseException:
            await asyncio.shield(self._exit.aclose())
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Tear everything down: nginx, the replicas, the directory. Takes a few seconds at most."""
        await asyncio.shield(self._exit.aclose())

    async def _bring_up(self) -> None:
        binary = nginx_binary()
        directory = _temporary_directory()
        self._exit.callback(shutil.rmtree, directory, ignore_errors=True)
        port, control_port, *rest = free_ports(2 + 2 * self._replicas)
        ports = {Color.BLUE: tuple(rest[: self._replicas]), Color.GREEN: tuple(rest[self._replicas :])}
        self.url = f"http://{LOOPBACK}:{port}"
        self.runtime = LocalRuntime(app=self._app, catalog=self._catalog, names=_names(), ports=ports)
        self._exit.push_async_callback(self.runtime.close)
        self.spec = self._spec(directory, control_port)
        self.nginx = NginxConfig(
            directory=directory / "proxy",
            include=self.spec.proxy.config,
            port=port,
            control_port=control_port,
            servers=self.runtime.servers(Color.BLUE),
            shutdown=DRAIN + SHUTDOWN_MARGIN,
            connections=min(_MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 64),
            user=_user(),
        )
        process = NginxProcess(binary, self.nginx)
        self._exit.push_async_callback(process.stop)
        self.host = ProcessHost(self.nginx.pid_file)
        first = await self.runtime.build(Color.BLUE)
        await self.runtime.start(Color.BLUE, first, replicas=self._replicas)
        await process.start()
        await self._await_ready()
        write_atomically(self.spec.active_color_file, f"{Color.BLUE.value}\n".encode(), mode=0o644)
        self.runtime.narration()  # what brought the stack up is not part of the first rollout

    async def _await_ready(self) -> None:
        """Wait until each replica is ready and the proxy passes requests on."""
        servers = self.runtime.servers(Color.BLUE)
        waiting = [f"http://{server}{self.spec.ready.path}" for server in servers] + [f"{self.url}/"]
        try:
            async with asyncio.timeout(UP_DEADLINE):
                for url in waiting:
                    await until(partial(answers_ok, url))
        except TimeoutError as error:
            replicas = await self.runtime.replicas()
            said = [line for replica in replicas for line in await self.runtime.logs(replica, tail=5)]
            found = "; ".join([f"blue is not ready after {UP_DEADLINE:g} s", *said])
            raise RuntimeFailedError(
                "bring the embedded stack up", found, now="nothing is left running", next_command="rollout demo"
            ) from error

    def _spec(self, directory: Path, control_port: int) -> Spec:
        state = (self._state or directory / "state").absolute()
        state.mkdir(parents=True, exist_ok=True, mode=0o750)
        config = directory / "upstream"
        references = dict.fromkeys(Color, "app@v1")
        return Spec(
            project="demo",
            directory=directory,
            compose_files=(),
            state=state,
            active_color_file=state / "active-color",
            upstream_file=config / "upstream.conf",
            service=SERVICES[Color.BLUE],
            services=SERVICES,
            images=references,
            buildable=frozenset(Color),
            replicas=self._replicas,
            proxy=ProxySpec(kind="nginx", service="proxy", config=config, control_port=control_port),
            ready=ReadySpec(path="/ready", deadline=15.0),
            smoke=SmokeSpec(url=f"{self.url}/health", attempts=5, delay=0.2),
            watch=WatchSpec(window=2.0),
            drain=DrainSpec(deadline=DRAIN),
            load=LoadSpec(url=f"{self.url}/"),
        )


def _temporary_directory() -> Path:
    """Without symbolic links (macOS has them in its temporary directory): nginx's titles show the path as given."""
    return Path(tempfile.mkdtemp(prefix="rollout-demo-")).resolve()


def _names() -> dict[Color, str]:
    return {color: f"demo-{service}" for color, service in SERVICES.items()}


def _user() -> str:
    """Whom the workers of a root master run as: nobody, the default, can't get at the temporary directory."""
    if os.geteuid() != 0:
        return ""
    return f"{pwd.getpwuid(os.geteuid()).pw_name} {grp.getgrgid(os.getegid()).gr_name}"
