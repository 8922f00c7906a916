"""The reference stack on a real Docker, moved by hand: what the files alone promise, without the engine."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.support.engine import docker
from tests.support.stack import ReferenceStack
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.docker, pytest.mark.slow]

GENERATED = """# rollout: generation=42 color=green
upstream rollout { server app_green:8000; keepalive 64; }
map "" $rollout_upstream { default rollout; }
map "" $rollout_generation { default 42; }
map "" $rollout_color { default green; }
"""


def get(url: str) -> tuple[int, dict[str, str], str]:
    """One request; status, headers in lower case, body."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, headers, answer.read().decode()


def eventually(condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
    """Poll until it holds; a service that is just starting may refuse or reset meanwhile."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        with contextlib.suppress(OSError, urllib.error.URLError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(f"not within {within:g} s: {what}")


def release(stack: ReferenceStack) -> str:
    """Who answers users."""
    return get(f"{stack.url}/")[1]["x-rollout-color"]


def containers(stack: ReferenceStack, *services: str) -> dict[str, str]:
    """Name to id, start time, restarts of running containers."""
    ids = stack.compose("ps", "--quiet", *services).split()
    found = json.loads(docker("inspect", *ids))
    return {c["Name"]: f"{c['Id']} {c['State']['StartedAt']} {c['RestartCount']}" for c in found}


def workers(stack: ReferenceStack) -> set[str]:
    """Process ids of the proxy's workers that accept."""
    (proxy,) = stack.compose("ps", "--quiet", "proxy").split()
    lines = docker("top", proxy, "-eo", "pid,args").splitlines()
    return {line.split()[0] for line in lines if line.endswith("nginx: worker process")}


def cut_over_to_green(stack: ReferenceStack) -> None:
    """What the engine does, by hand: write beside, rename, validate, reload, wait for the last old worker to retire."""
    directory = stack.state / "nginx"
    (directory / ".upstream.conf.new").write_text(GENERATED)
    (directory / ".upstream.conf.new").replace(directory / "upstream.conf")
    stack.compose("exec", "-T", "proxy", "nginx", "-t")
    before = workers(stack)
    stack.compose("exec", "-T", "proxy", "nginx", "-s", "reload")
    eventually(lambda: bool(now := workers(stack)) and not now & before, "only new workers accept")


def start_green(stack: ReferenceStack) -> None:
    """Build and start green alone, under its own release name."""
    stack.compose("--profile", "green", "build", "--quiet", "--build-arg", "VERSION=v2", "app_green")
    stack.compose("--profile", "green", "up", "--detach", "--no-recreate", "--wait", "app_green")


@pytest.fixture
def stack(reference_stack: ReferenceStack) -> Iterator[ReferenceStack]:
    """The stack, brought up as a person would in a fresh clone."""
    assert not reference_stack.state.exists()
    reference_stack.compose("up", "--detach", "--build")
    eventually(lambda: get(f"{reference_stack.control_url}/generation")[0] == 200, "the proxy answers")
    return reference_stack


def test_a_fresh_clone_serves_blue_and_still_does_after_the_proxy_restarts(stack: ReferenceStack) -> None:
    status, headers, body = get(f"{stack.url}/")
    assert (status, headers["x-rollout-color"], json.loads(body)["version"]) == (200, "blue", "dev")
    assert get(f"{stack.control_url}/generation")[2] == "0 blue\n"
    assert list((stack.state / "nginx").iterdir()) == []
    assert [line.split("-")[-2] for line in stack.compose("ps", "--format", "{{.Name}}").split()] == ["app", "proxy"]
    stack.compose("restart", "proxy")
    eventually(lambda: release(stack) == "blue", "blue serves again")
    assert stack.changed_files() == ""


def test_starting_green_touches_nothing_that_runs_and_a_later_up_recreates_nothing(stack: ReferenceStack) -> None:
    before = containers(stack, "app", "proxy")
    images = docker("image", "inspect", f"{stack.project}-app", "--format", "{{.Id}}")
    start_green(stack)
    assert containers(stack, "app", "proxy") == before
    assert docker("image", "inspect", f"{stack.project}-app", "--format", "{{.Id}}") == images
    green = containers(stack, "app_green")
    stack.compose("up", "--detach")
    assert containers(stack, "app", "proxy") == before
    assert containers(stack, "app_green") == green


def test_a_cutover_by_one_generated_file_drops_nothing_and_outlives_restarts(stack: ReferenceStack) -> None:
    start_green(stack)
    with Traffic(stack.url, rate=100) as traffic:
        traffic.wait_for(100)
        cut_over_to_green(stack)
        eventually(lambda: release(stack) == "green", "green serves")
        traffic.wait_for(400)
    traffic.report.assert_clean(at_least=400)
    assert set(traffic.report.releases) == {"blue/dev", "green/v2"}
    served = get(f"{stack.control_url}/served/health")[1]
    assert (served["x-rollout-color"], served["x-rollout-generation"], served["x-rollout-release"]) == (
        "green",
        "42",
        "v2",
    )
    assert stack.changed_files() == ""
    # Blue is gone, and no name of it keeps the proxy from starting.
    stack.compose("stop", "app")
    stack.compose("restart", "proxy")
    eventually(lambda: release(stack) == "green", "green serves after the restart")
    # A checkout of what is tracked changes nothing of what is served.
    stack.run("git", "checkout", "--quiet", "--force", "HEAD", "--", ".")
    stack.compose("restart", "proxy")
    eventually(lambda: release(stack) == "green", "green serves after a checkout and a restart")


def test_a_stopped_app_finishes_what_it_serves_and_exits_with_0(stack: ReferenceStack) -> None:
    (app,) = stack.compose("ps", "--quiet", "app").split()
    with socket.create_connection(("127.0.0.1", stack.http_port), timeout=60) as client:
        client.sendall(b"GET /slow?s=8 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        # Long enough to reach the app, short enough to be in flight still.
        time.sleep(2)
        docker("stop", app)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    state = json.loads(docker("inspect", app))[0]["State"]
    assert state["ExitCode"] == 0
    assert "all served" in stack.compose("logs", "--no-log-prefix", "app")


def test_both_replicas_of_a_color_serve(reference_stack: ReferenceStack) -> None:
    environment = reference_stack.directory / ".env"
    environment.write_text(environment.read_text() + "REPLICAS=2\n")
    reference_stack.compose("up", "--detach", "--build")
    seen: set[str] = set()

    def both() -> bool:
        seen.add(json.loads(get(f"{reference_stack.url}/")[2])["replica"])
        return len(seen) == 2

    eventually(both, "two replicas answer")


def test_a_request_to_any_replica_goes_through_the_control_listener(stack: ReferenceStack) -> None:
    start_green(stack)
    ids = stack.compose("ps", "--quiet", "app_green").split()
    networks = json.loads(docker("inspect", *ids))[0]["NetworkSettings"]["Networks"]
    (address,) = (network["IPAddress"] for network in networks.values())
    status, headers, _ = get(f"{stack.control_url}/replica/{address}:8000/ready")
    assert (status, headers["x-rollout-color"]) == (200, "green")
    assert release(stack) == "blue"
