from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
import requests.exceptions

from console.adapters.runtime import docker_client
from console.adapters.runtime.compose_runtime import ComposeRuntime
from console.adapters.runtime.container_exec import _payload, _read
from console.adapters.runtime.docker_client import DockerClient, in_daemon_thread
from console.adapters.runtime.events import translate
from console.adapters.runtime.images import keep_repository, repository_of, stale_tags
from console.adapters.runtime.stats import Sample, sample, used
from console.adapters.runtime.text import clean, last_lines
from console.model.color import Color
from console.model.errors import RuntimeFailedError, RuntimeUnreachableError
from console.ports.proxy_host import OUTPUT_KEPT
from console.ports.runtime import ReplicaChanged
from tests.unit.runtime.specs import environment, spec

COLORS = {"app": Color.BLUE, "app_green": Color.GREEN}


def frame(stream: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(payload)) + payload


def message(action: str, service: str = "app", **attributes: str) -> dict[str, object]:
    labels = {"com.docker.compose.service": service, **attributes}
    return {"Action": action, "Actor": {"ID": "0123", "Attributes": labels}}


async def test_without_a_daemon_every_call_says_how_to_start_it(tmp_path: Path) -> None:
    with environment(DOCKER_HOST=f"unix://{tmp_path}/none.sock", DOCKER_TLS_VERIFY=None, DOCKER_CERT_PATH=None):
        runtime = ComposeRuntime(spec(tmp_path))
        with pytest.raises(RuntimeUnreachableError, match="no Docker engine answers") as caught:
            await runtime.replicas()
        assert caught.value.next_command == "sudo systemctl start docker"
        assert caught.value.now
        with pytest.raises(RuntimeFailedError, match="no Docker engine answers"):
            async with runtime.changes():
                pytest.fail("there is nothing to subscribe to")
        await runtime.close()


def test_a_socket_without_permission_names_the_group_to_join() -> None:
    told = docker_client._unreachable("list the containers", PermissionError(13, "Permission denied"))
    assert isinstance(told, RuntimeUnreachableError)
    assert "may not use the Docker socket" in told.found
    assert told.next_command.startswith("sudo usermod -aG docker")


def test_an_engine_that_answers_too_late_is_not_called_missing() -> None:
    told = docker_client._unreachable("list the containers", requests.exceptions.ReadTimeout("Connection aborted"))
    assert not isinstance(told, RuntimeUnreachableError)
    assert "no answer in time" in told.found


async def test_a_call_that_hangs_ends_at_its_deadline_and_holds_nothing_up(tmp_path: Path) -> None:
    address = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(address))
        mute.listen()
        with environment(DOCKER_HOST=f"unix://{address}", DOCKER_TLS_VERIFY=None, DOCKER_CERT_PATH=None):
            client = DockerClient()
            began = time.monotonic()
            with pytest.raises(RuntimeFailedError, match=r"no answer within 0\.2 s"):
                await client.call("look", lambda api: api.version(), deadline=0.2)
            assert time.monotonic() - began < 10


async def test_an_exception_crosses_the_thread_and_a_cancelled_wait_does_not_wait() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 // 0)
    release = threading.Event()
    waiting = asyncio.create_task(in_daemon_thread(release.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release.set()


def test_the_frames_of_an_exec_become_one_output_in_order() -> None:
    stream = frame(1, b"one\n") + frame(2, b"two\n") + frame(1, b"") + frame(1, b"three")
    assert _payload(stream) == b"one\ntwo\nthree"
    assert _payload(b"") == b""
    assert _payload(frame(1, b"whole") + frame(1, b"torn")[:-2]) == b"wholeto"


def test_reading_an_exec_ends_with_the_stream_or_with_its_deadline() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(frame(1, b"a" * 100_000)[:50_000])
        threading.Thread(target=lambda: (theirs.sendall(frame(1, b"a" * 100_000)[50_000:]), theirs.close())).start()
        assert _read(ours, 30.0) == (b"a" * 100_000, True)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        _read(ours, 0.05)


def test_of_an_exec_that_floods_only_the_beginning_is_kept_and_it_is_still_read_to_its_end() -> None:
    ours, theirs = socket.socketpair()
    flood = frame(1, b"a" * OUTPUT_KEPT) + frame(2, b"b" * (3 * OUTPUT_KEPT))
    with ours, theirs:
        writer = threading.Thread(target=lambda: (theirs.sendall(flood), theirs.close()))
        writer.start()
        assert _read(ours, 30.0) == (b"a" * OUTPUT_KEPT, False)
        writer.join(30)
        assert not writer.is_alive()


@pytest.mark.parametrize(
    ("action", "what"),
    [
        *[(same, same) for same in ("start", "die", "stop", "kill", "oom", "destroy")],
        ("health_status: healthy", "healthy"),
        ("health_status: unhealthy", "unhealthy"),
    ],
)
def test_an_event_of_a_color_is_a_change(action: str, what: str) -> None:
    code = 137 if action == "die" else None
    change = translate(message(action, "app_green", exitCode="137"), COLORS)
    assert change == ReplicaChanged(id="0123", color=Color.GREEN, what=what, exit_code=code)


@pytest.mark.parametrize(
    "other",
    [
        message("exec_create: /bin/sh"),
        message("health_status: starting"),
        message("start", "db"),
        message("start", "app", **{"com.docker.compose.oneoff": "True"}),
        {"Action": "start", "Actor": {"ID": "1", "Attributes": None}},
        {},
    ],
)
def test_an_event_of_anything_else_is_not(other: dict[str, object]) -> None:
    assert translate(other, COLORS) is None


def test_only_keep_tags_beyond_the_newest_five_are_stale() -> None:
    name = keep_repository("shop")
    tags = [f"{name}:r{number}" for number in (2, 10, 9, 11, 8, 7, 1)]
    assert stale_tags([*tags, "shop:r1", f"{name}:latest", f"{name}-two:r1"], name) == [f"{name}:r2", f"{name}:r1"]


@pytest.mark.parametrize(("project", "name"), [("shop", "shop"), ("my_shop--2-", "my-shop-2"), ("___", "stack")])
def test_a_keep_repository_is_a_name_that_docker_takes(project: str, name: str) -> None:
    assert keep_repository(project) == f"rollout-keep/{name}"


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        ("shop", "shop"),
        ("shop:42", "shop"),
        ("host:5000/team/shop:42", "host:5000/team/shop"),
        ("host:5000/shop@sha256:aa", "host:5000/shop"),
    ],
)
def test_a_reference_has_its_repository_without_tag_and_digest(reference: str, repository: str) -> None:
    assert repository_of(reference) == repository


def test_cpu_is_counted_in_percent_of_one_core_between_two_samples() -> None:
    before = Sample(cpu=1_000, system=10_000, cores=2, memory=0)
    assert used(before, Sample(cpu=1_500, system=11_000, cores=2, memory=0)) == 100.0
    assert used(None, before) is None
    assert used(before, before) is None
    assert used(before, Sample(cpu=10, system=11_000, cores=2, memory=0)) is None


def test_memory_is_counted_without_the_cache_in_both_kinds_of_cgroups() -> None:
    for name in ("inactive_file", "total_inactive_file"):
        assert sample({"memory_stats": {"usage": 50, "stats": {name: 20}}}).memory == 30
    assert sample({"memory_stats": {}, "cpu_stats": {"cpu_usage": None}}) == Sample(cpu=0, system=0, cores=1, memory=0)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("bell\x07 null\x00 c1\x9b del\x7f", "bell null c1 del"),
        (b"bad \xff byte", "bad � byte"),
    ],
)
def test_control_characters_never_reach_a_screen(raw: str | bytes, shown: str) -> None:
    assert clean(raw) == shown


def test_the_last_lines_are_those_that_say_something() -> None:
    assert last_lines("one\n\n two \nthree\n\n", 2) == "two | three"
