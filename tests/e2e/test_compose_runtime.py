"""The Compose runtime on the real thing: what it starts, what it leaves alone, what a plain `up` does afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Self

import pytest

from console.adapters.runtime import images, override
from console.adapters.runtime.compose_runtime import ComposeRuntime
from console.adapters.runtime.container_host import ContainerHost
from console.adapters.runtime.override import Pin
from console.adapters.runtime.visible_processes import VisibleProcesses
from console.model.color import Color
from console.model.errors import ProxyUnreachableError, RuntimeFailedError
from console.model.observed import Health, ReplicaState
from console.model.release import Image
from console.model.spec import OneShot, Spec
from console.ports.runtime import ReplicaChanged
from tests.contract.runtime_compose import Stack, derived, explicit
from tests.support.engine import docker

pytestmark = pytest.mark.docker

OPEN: list[ComposeRuntime | ContainerHost] = []


@pytest.fixture(autouse=True)
async def _close_all() -> AsyncIterator[None]:
    yield
    while OPEN:
        await OPEN.pop().close()


def runtime_of(stack: Stack, spec: Spec | None = None) -> ComposeRuntime:
    runtime = ComposeRuntime(spec or stack.spec)
    OPEN.append(runtime)
    return runtime


def host_of(stack: Stack) -> ContainerHost:
    host = ContainerHost(stack.spec)
    OPEN.append(host)
    return host


@pytest.fixture
def keep_tags() -> Iterator[Callable[[str], list[str]]]:
    """The keep tags of a project; removed at the end."""
    repositories: list[str] = []

    def tags(project: str) -> list[str]:
        repository = images.keep_repository(project)
        repositories.append(repository)
        return docker("image", "ls", "--format", "{{.Tag}}", repository).split()

    yield tags
    for repository in repositories:
        found = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository).split()
        if found:
            docker("image", "rm", "--force", *found)


@pytest.fixture
def pinned(tmp_path: Path, project_name: str) -> Stack:
    return derived(tmp_path, project_name, pins_in_environment=True)


@pytest.fixture
def two_services(tmp_path: Path, project_name: str) -> Stack:
    return explicit(tmp_path, project_name, pins_in_environment=False)


def fetch(address: str, path: str) -> tuple[str, ...]:
    """The first line of an answer, with what an image of nginx holds; once it listens, which the caller bounds."""
    host, _, port = address.rpartition(":")
    request = f"GET {path} HTTP/1.0\\r\\n\\r\\n"
    connect = f"until {{ exec 3<>/dev/tcp/{host}/{port}; }} 2>/dev/null; do sleep 0.1; done"
    return ("bash", "-c", f"{connect}; printf '{request}' >&3; head -1 <&3")


async def resolved(runtime: ComposeRuntime, reference: str) -> Image:
    found = await runtime.resolve(reference)
    assert found is not None
    return found


async def test_starting_the_twin_touches_nothing_else_and_a_plain_up_recreates_nothing(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    others = ("app", "db", "proxy")
    before = pinned.snapshot(*others)
    assert len(before) == 3

    pinned.environ(COMPOSE_FILE=str(_line(pinned, "COMPOSE_FILE")), DB_EDITED="meanwhile")
    pinned.write("src/marker", "2")
    image = await runtime.build(Color.GREEN)
    await runtime.start(Color.GREEN, image, replicas=2)
    assert pinned.snapshot(*others) == before

    pinned.environ(COMPOSE_FILE=str(_line(pinned, "COMPOSE_FILE")))
    everything = pinned.snapshot(*others, "app_green")
    pinned.compose("up", "-d")
    pinned.compose("--profile", "green", "up", "-d", "--build", "--remove-orphans")
    assert pinned.snapshot(*others, "app_green") == everything
    assert len(everything) == 5


async def test_the_pins_follow_each_color_through_a_cutover_and_back(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    old = await resolved(runtime, pinned.image)
    second = await runtime.build(Color.GREEN)
    await runtime.start(Color.GREEN, second, replicas=1)
    pinned.write("src/marker", "3")
    await runtime.remove(Color.BLUE)
    third = await runtime.build(Color.BLUE)
    assert third.id != old.id
    await runtime.start(Color.BLUE, third, replicas=2)

    before = pinned.snapshot("app", "app_green", "db", "proxy")
    pinned.compose("--profile", "green", "up", "-d")
    assert pinned.snapshot("app", "app_green", "db", "proxy") == before
    assert len(before) == 5
    assert {replica.image_id for replica in await runtime.replicas() if replica.color is Color.BLUE} == {third.id}
    assert runtime.pin_warning(Color.BLUE) == ""


async def test_the_derived_twin_has_all_of_its_base_except_the_ports(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    image = await resolved(runtime, pinned.image)
    await runtime.start(Color.GREEN, image, replicas=1)
    container = next(iter(pinned.snapshot("app_green"))).lstrip("/")
    environment = docker("inspect", "--format", "{{json .Config.Env}}", container)
    for name in ("FROM_BASE=yes", "FROM_OVERRIDE=yes", "FROM_ENV_FILE=a-secret-value"):
        assert name in environment
    assert docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", container).strip() in {"{}", "null"}
    assert "/data" in docker("inspect", "--format", "{{json .Mounts}}", container)
    assert {name.split("-")[-2] for name in pinned.snapshot("db", "migrate")} == {"db", "migrate"}
    assert "a-secret-value" not in override.path(pinned.spec).read_text()
    assert "a-secret-value" not in "".join(runtime.narration())


async def test_an_alias_of_the_base_does_not_lead_to_the_twin(pinned: Stack) -> None:
    pinned.write("docker-compose.override.yml", "services: {app: {networks: {edge: {aliases: [api]}}}}")
    runtime = runtime_of(pinned, replace(pinned.spec, twin_resets={"edge": ("aliases",)}))
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=1)
    blue, _ = await runtime.replicas()
    found = await host_of(pinned).run(("getent", "ahostsv4", "api"), deadline=60)
    assert {f"{line.split()[0]}:8000" for line in found.output.splitlines()} == {blue.address}


async def test_without_pins_in_the_environment_a_plain_image_is_started_without_a_pin(two_services: Stack) -> None:
    runtime = runtime_of(two_services)
    two_services.build("1")
    await runtime.bring_up(Color.BLUE)
    image = await resolved(runtime, two_services.image)
    await runtime.start(Color.GREEN, image, replicas=1)

    before = two_services.snapshot("app", "app_green", "db", "proxy")
    two_services.compose("up", "-d")
    two_services.compose("--profile", "green", "up", "-d")
    assert two_services.snapshot("app", "app_green", "db", "proxy") == before
    assert [runtime.pin_warning(color) for color in Color] == ["", ""]


async def test_without_pins_in_the_environment_an_older_release_is_pinned_and_said(
    two_services: Stack, keep_tags: Callable[[str], list[str]]
) -> None:
    runtime = runtime_of(two_services)
    two_services.build("1")
    old = await resolved(runtime, two_services.image)
    await runtime.bring_up(Color.BLUE)
    await runtime.keep_image(old, release=1)
    two_services.build("2")
    await runtime.start(Color.GREEN, old, replicas=1)

    green = [replica for replica in await runtime.replicas() if replica.color is Color.GREEN]
    assert [replica.image_id for replica in green] == [old.id]
    assert "rollout init --write-env" in runtime.pin_warning(Color.GREEN)
    assert "another image by now" in runtime.pin_warning(Color.BLUE)
    assert keep_tags(two_services.spec.project) == ["r1"]


async def test_a_pin_whose_containers_and_image_are_gone_is_dropped(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    gone = Pin(image="sha256:" + "0" * 64)
    override.write(pinned.spec, {Color.BLUE: gone, Color.GREEN: gone})
    await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=1)
    assert set(override.read(pinned.spec)) == {Color.GREEN}
    pinned.compose("up", "-d")
    assert pinned.snapshot("app")


async def test_replicas_have_the_address_on_the_network_that_the_proxy_shares(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=2)
    pinned.compose("run", "--rm", "-d", "--no-deps", "--entrypoint", "sleep", "app", "30")
    replicas = await runtime.replicas()

    assert [replica.color for replica in replicas] == [Color.BLUE, Color.GREEN, Color.GREEN]
    assert [replica.name.rpartition("-")[2] for replica in replicas] == ["1", "1", "2"]
    assert all(replica.running and replica.health is Health.NONE for replica in replicas)
    assert len({replica.config_hash for replica in replicas}) == 2
    host = host_of(pinned)
    for replica in replicas:
        assert replica.address is not None
        answer = await host.run(fetch(replica.address, "/"), deadline=60)
        assert "200 OK" in answer.output


async def test_a_replica_that_does_not_end_on_its_stop_signal_is_named(pinned: Stack) -> None:
    runtime = runtime_of(pinned, replace(pinned.spec, stop_grace=1.0))
    file = pinned.spec.compose_files[0]
    file.write_text(file.read_text().replace("init: true", "init: false"))
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=1)
    (green,) = [replica for replica in await runtime.replicas() if replica.color is Color.GREEN]
    await runtime.stop(Color.GREEN)  # Python as the first process of a container, without a handler of its own
    assert any(f"{green.name} did not end on its stop signal" in line for line in runtime.narration())


async def test_stopping_runs_the_hook_and_keeps_containers_and_removing_keeps_named_volumes(pinned: Stack) -> None:
    hook = "echo leaving > /data/hook; false"
    runtime = runtime_of(pinned, replace(pinned.spec, pre_stop_hook=hook))
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=2)
    before = pinned.snapshot("app", "db", "proxy")
    async with runtime.changes() as changes:
        await runtime.stop(Color.GREEN)
        seen = {(change.color, change.what) async for change in _until(changes, "die", 2)}
    assert (Color.GREEN, "die") in seen
    assert {color for color, _ in seen} == {Color.GREEN}
    green = [replica for replica in await runtime.replicas() if replica.color is Color.GREEN]
    assert [replica.state for replica in green] == [ReplicaState.EXITED] * 2
    assert all(replica.exit_code is not None and replica.address is None for replica in green)
    assert any("pre-stop hook" in line and line.startswith("# ") for line in runtime.narration())

    await runtime.resume(Color.GREEN)
    green = [replica for replica in await runtime.replicas() if replica.color is Color.GREEN]
    assert all(replica.running for replica in green)
    result = await host_of(pinned).run(("true",), deadline=60)
    assert result.exit_code == 0

    await runtime.remove(Color.GREEN)
    await runtime.remove(Color.GREEN)
    assert [replica.color for replica in await runtime.replicas()] == [Color.BLUE]
    assert pinned.snapshot("app", "db", "proxy") == before
    assert docker("volume", "ls", "-q", "--filter", f"name={pinned.spec.project}_data").strip()
    blue = next(iter(pinned.snapshot("app"))).lstrip("/")
    assert docker("exec", blue, "cat", "/data/hook").strip() == "leaving"


async def test_a_color_that_has_containers_is_not_started_over(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    image = await resolved(runtime, pinned.image)
    await runtime.start(Color.GREEN, image, replicas=1)
    before = pinned.snapshot("app_green")
    pins = override.path(pinned.spec).read_text()
    with pytest.raises(RuntimeFailedError, match="has containers already"):
        await runtime.start(Color.GREEN, image, replicas=2)
    assert pinned.snapshot("app_green") == before
    assert override.path(pinned.spec).read_text() == pins


async def test_a_failing_migration_is_told_in_its_own_words_and_blue_stays(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    before = pinned.snapshot("app", "db", "proxy")
    docker("rm", next(iter(pinned.snapshot("migrate"))).lstrip("/"))
    pinned.environ(COMPOSE_FILE=str(_line(pinned, "COMPOSE_FILE")), MIGRATE="exit 3")
    with pytest.raises(RuntimeFailedError) as caught:
        await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=1)
    assert "migrate" in caught.value.found
    assert "exit 3" in caught.value.found
    assert caught.value.next_command.startswith("docker compose ")
    assert pinned.snapshot("app", "db", "proxy") == before


async def test_a_migration_that_runs_is_waited_for_and_a_finished_one_is_made_anew(pinned: Stack) -> None:
    needed = (OneShot(service="migrate", image="nginx:1.30"),)
    runtime = runtime_of(pinned, replace(pinned.spec, one_shots=dict.fromkeys(Color, needed)))
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    image = await resolved(runtime, pinned.image)
    first = pinned.snapshot("migrate")
    pinned.environ(COMPOSE_FILE=str(_line(pinned, "COMPOSE_FILE")), MIGRATE="sleep 12")
    await runtime.start(Color.GREEN, image, replicas=1)
    second = pinned.snapshot("migrate")
    assert second.keys() == first.keys()
    assert second != first
    assert [line.partition("   #")[0] for line in runtime.narration() if line.startswith("# docker rm")] == [
        f"# docker rm {next(iter(first)).lstrip('/')}"
    ]

    await runtime.remove(Color.GREEN)
    docker("start", next(iter(second)).lstrip("/"))
    running = pinned.snapshot("migrate")
    await runtime.start(Color.GREEN, image, replicas=1)
    assert pinned.snapshot("migrate") == running


async def test_cancelling_a_start_ends_the_compose_process_and_leaves_blue_alone(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    before = pinned.snapshot("app", "db", "proxy")
    docker("rm", next(iter(pinned.snapshot("migrate"))).lstrip("/"))
    pinned.environ(COMPOSE_FILE=str(_line(pinned, "COMPOSE_FILE")), MIGRATE="sleep 60")
    image = await resolved(runtime, pinned.image)
    start = asyncio.create_task(runtime.start(Color.GREEN, image, replicas=1))
    await _eventually(lambda: bool(_compose_processes(pinned)) and bool(pinned.snapshot("migrate")))
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    await _eventually(lambda: not _compose_processes(pinned))
    assert pinned.snapshot("app", "db", "proxy") == before
    docker("rm", "--force", next(iter(pinned.snapshot("migrate"))).lstrip("/"))


async def test_an_image_that_is_not_there_is_an_error_before_anything_is_created(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    image = Image(reference="gone", id="sha256:" + "0" * 64)
    with pytest.raises(RuntimeFailedError) as caught:
        await runtime.start(Color.GREEN, image, replicas=1)
    assert "0000000" in caught.value.found
    assert not [replica for replica in await runtime.replicas() if replica.running]
    assert await runtime.resolve(f"{pinned.spec.project}-nothing:1") is None


async def test_the_newest_five_releases_keep_their_images(pinned: Stack, keep_tags: Callable[[str], list[str]]) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    image = await resolved(runtime, pinned.image)
    for release in (9, 10, 11, 8, 12, 13, 13):
        await runtime.keep_image(image, release=release)
    assert sorted(keep_tags(pinned.spec.project)) == ["r10", "r11", "r12", "r13", "r9"]
    assert await runtime.resolve(pinned.image) is not None


async def test_logs_statistics_and_versions_are_there_for_the_screens_and_the_receipt(pinned: Stack) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    (replica,) = await runtime.replicas()
    assert replica.address is not None
    await host_of(pinned).run(fetch(replica.address, "/sought"), deadline=60)
    lines = await runtime.logs(replica, tail=5)
    assert any("GET /sought" in line for line in lines)
    assert await runtime.logs(replica, tail=0) == ()
    first = await runtime.stats(replica)
    async with asyncio.timeout(60):
        # The machine's own counter goes by ticks: two looks within one can't be compared.
        while (second := await runtime.stats(replica)).cpu_percent is None:
            pass
    assert first.cpu_percent is None
    assert second.cpu_percent is not None
    assert second.cpu_percent >= 0
    assert second.memory_bytes > 1_000_000
    assert [name for name, version in await runtime.versions() if version] == ["docker", "compose"]


async def test_health_is_pushed_and_the_subscription_ends_at_once(pinned: Stack) -> None:
    pinned.write(
        "docker-compose.override.yml",
        "services: {app: {healthcheck: {test: [CMD, 'true'], interval: 5s, start_period: 9s, start_interval: 250ms}}}",
    )
    runtime = runtime_of(pinned)
    pinned.build("1")
    image = await resolved(runtime, pinned.image)
    async with runtime.changes() as changes:
        await runtime.start(Color.GREEN, image, replicas=1)
        seen = [change async for change in _until(changes, "healthy", 1)]
    left = time.monotonic()
    assert [change.what for change in seen] == ["start", "healthy"]
    (replica,) = await runtime.replicas()
    assert seen[-1].id == replica.id
    assert replica.health is Health.HEALTHY
    async with runtime.changes():
        left = time.monotonic()
    assert time.monotonic() - left < 20, "there is no event that would end a wait for one"


async def test_a_stream_that_breaks_is_taken_up_again_and_nothing_is_lost_or_told_twice(
    pinned: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = runtime_of(pinned)
    pinned.build("1")
    await runtime.start(Color.GREEN, await resolved(runtime, pinned.image), replicas=1)
    (container,) = [name.lstrip("/") for name in pinned.snapshot("app_green")]
    socket = Path(f"/tmp/{pinned.spec.project}.sock")
    async with Relay(socket) as relay:
        with monkeypatch.context() as patch:
            patch.setenv("DOCKER_HOST", f"unix://{socket}")
            watching = runtime_of(pinned)
            await watching.replicas()
        async with watching.changes() as changes:
            await asyncio.to_thread(docker, "kill", "--signal", "CONT", container)
            assert [change.what async for change in _until(changes, "kill", 1)] == ["kill"]
            relay.cut()
            await asyncio.to_thread(docker, "stop", "--time", "1", container)
            await asyncio.to_thread(docker, "start", container)
            seen = [change.what async for change in _until(changes, "start", 1)]
    assert sorted(seen) == ["die", "kill", "start", "stop"]


async def test_the_proxys_container_is_found_again_after_it_was_recreated(pinned: Stack) -> None:
    runtime, host = runtime_of(pinned), host_of(pinned)
    pinned.build("1")
    with pytest.raises(ProxyUnreachableError) as caught:
        await host.processes()
    assert "no container" in caught.value.found
    await runtime.bring_up(Color.BLUE)

    async with asyncio.timeout(60):
        # nginx and its workers name themselves only a moment after their start.
        while {process.title for process in (await host.processes())[1:]} != {"nginx: worker process"}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    master, *workers = await host.processes()
    assert master.title.startswith("nginx: master process")
    assert workers
    assert {worker.parent for worker in workers} == {master.pid}
    assert {worker.title for worker in workers} == {"nginx: worker process"}
    with pytest.MonkeyPatch.context() as patch:  # an engine on another machine
        patch.setattr(VisibleProcesses, "find", classmethod(lambda *_: None))
        elsewhere = host_of(pinned)
        assert await elsewhere.processes() == (master, *workers)
        assert "local_address" in await elsewhere.read_text(PurePosixPath("/proc/net/tcp"))
    published = await host.published(80)
    assert published is not None
    assert published.startswith("127.0.0.1:")
    assert await host.published(81) is None
    assert published in await host.addresses()
    identity = await host.identity()
    tested = await host.run(("nginx", "-t"), deadline=60)
    assert tested.exit_code == 0
    assert "test is successful" in tested.output
    assert (await host.run(("sh", "-c", "exit 4"), deadline=60)).exit_code == 4
    assert "local_address" in await host.read_text(PurePosixPath("/proc/net/tcp"))
    with pytest.raises(ProxyUnreachableError, match="No such file"):
        await host.read_text(PurePosixPath("/nowhere"))

    docker("rm", "--force", next(iter(pinned.snapshot("proxy"))).lstrip("/"))
    with pytest.raises(ProxyUnreachableError) as caught:
        await host.run(("nginx", "-t"), deadline=60)
    assert pinned.spec.project in caught.value.next_command
    pinned.compose("up", "-d", "proxy")
    assert await host.identity() != identity
    docker("stop", "--time", "1", next(iter(pinned.snapshot("proxy"))).lstrip("/"))
    with pytest.raises(ProxyUnreachableError, match="has ended"):
        await host.published(80)
    with pytest.raises(ProxyUnreachableError, match="has ended"):
        await host.processes()


async def test_a_command_that_overstays_ends_the_waiting_at_its_deadline(pinned: Stack) -> None:
    runtime, host = runtime_of(pinned), host_of(pinned)
    pinned.build("1")
    await runtime.bring_up(Color.BLUE)
    began = time.monotonic()
    with pytest.raises(ProxyUnreachableError, match=r"did not end within 0\.5 s"):
        await host.run(("sleep", "30"), deadline=0.5)
    assert time.monotonic() - began < 25, "far less than the command takes"
    many = await host.run(("sh", "-c", "seq 1 40000; seq 1 9 >&2"), deadline=60)
    assert len(many.output.split()) == 40_009


class Relay:
    """A way to the engine that can be cut: what a daemon that restarts looks like."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*(task for task in self._tasks if task))
        self._path.unlink(missing_ok=True)

    def cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        engine_reader, engine_writer = await asyncio.open_unix_connection("/var/run/docker.sock")
        both = {writer, engine_writer}
        self._open |= both
        try:
            await asyncio.gather(self._copy(reader, engine_writer), self._copy(engine_reader, writer))
        finally:
            self._open -= both
            for one in both:
                one.close()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()


def _line(stack: Stack, key: str) -> str:
    text = (stack.spec.directory / ".env").read_text()
    return next(line.partition("=")[2] for line in text.splitlines() if line.startswith(key + "="))


def _compose_processes(stack: Stack) -> list[str]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid,stat,args"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return [line for line in listed.splitlines() if "compose" in line and f"-p {stack.spec.project} " in line]


async def _eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110  # what it waits for is another process
            await asyncio.sleep(0.1)


async def _until(changes: AsyncIterator[ReplicaChanged], what: str, count: int) -> AsyncIterator[ReplicaChanged]:
    async with asyncio.timeout(60):
        async for change in changes:
            yield change
            count -= change.what == what
            if not count:
                return
