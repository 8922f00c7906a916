"""Bad input and machines that can't: every error at once, the right exit code, no traceback, nothing touched."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import ROLLOUT, shell_environment

pytestmark = pytest.mark.timeout(400)

needs_docker = pytest.mark.docker
GOOD = """
name: {project}
x-rollout: {{service: web, port: 8000}}
services:
  web:
    image: python:3.13-slim
  proxy:
    image: nginx:1.30
    ports: ["127.0.0.1:{http}:80", "127.0.0.1:{control}:9080"]
    volumes: ["./state/nginx:/etc/rollout:ro"]
"""
COMMANDS = (("status",), ("deploy",), ("deploy", "--plan"), ("rollback",), ("up",), ("down",), ("lock",), ("recover",))


def rollout(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*ROLLOUT, *arguments],
        cwd=directory,
        env=shell_environment() | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def flat(text: str) -> str:
    return " ".join(text.split())


def refused(directory: Path, *arguments: str, code: int = 78, **environment: str) -> str:
    """What was told; the directory is as it was."""
    before = sorted(directory.rglob("*"))
    done = rollout(directory, *arguments, **environment)
    assert done.returncode == code, f"{arguments} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert sorted(directory.rglob("*")) == before, "something was written"
    assert done.stdout == "" or "--json" in arguments
    return flat(done.stderr)


@pytest.fixture
def stack(tmp_path: Path, project_name: str, free_ports: Callable[[int], list[int]]) -> Path:
    """A directory with a Compose file that is right; nothing runs."""
    http, control = free_ports(2)
    (tmp_path / "docker-compose.yml").write_text(GOOD.format(project=project_name, http=http, control=control))
    return tmp_path


def test_without_a_compose_file_every_command_says_so_and_what_to_type(tmp_path: Path) -> None:
    for command in (*COMMANDS, ("check",), ("history",), ("receipt",), ("init",)):
        told = refused(tmp_path, *command)
        assert "there is no Compose file here or in any directory above" in told
        assert "rollout -f" in told
    assert "no-such.yml" in refused(tmp_path, "-f", "no-such.yml", "deploy")


@needs_docker
def test_a_yaml_error_is_told_with_its_line(stack: Path) -> None:
    file = stack / "docker-compose.yml"
    file.write_text(file.read_text() + "  - this: is\n no: yaml\n")
    told = refused(stack, "deploy")
    assert "docker-compose.yml:1" in told
    assert refused(stack, "status")


@needs_docker
def test_every_mistake_in_the_block_is_told_at_once_with_its_path_and_a_suggestion(stack: Path) -> None:
    file = stack / "docker-compose.yml"
    block = """x-rollout:
  servise: web
  port: many
  strategy: green-blue
  ready: {path: ready, deadline: -5s, success: 2}
  smoke: {attempts: 0, timeout: soon}
  colors: {blue: web, green: webb}
  watch: {max_failure_ratio: 2}
  drain: 30s
"""
    text = file.read_text()
    file.write_text("\n".join(line for line in text.splitlines() if not line.startswith("x-rollout")) + "\n" + block)
    told = refused(stack, "deploy", ROLLOUT_SMOKE_STATUS="teapot")
    for where in (
        "x-rollout.servise",
        "x-rollout.port",
        "x-rollout.strategy",
        "x-rollout.ready.deadline",
        "x-rollout.ready.success",
        "x-rollout.smoke.timeout",
        "x-rollout.colors.green",
        "x-rollout.watch.max_failure_ratio",
        "x-rollout.drain",
        "ROLLOUT_SMOKE_STATUS",
    ):
        assert where in told, f"{where} is not told: {told}"
    assert "service" in told
    assert "successes" in told
    done = rollout(stack, "deploy", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit_code"]) == (78, 78)
    assert {"x-rollout.servise", "x-rollout.drain"} <= {problem["where"] for problem in document["problems"]}


def test_a_command_line_that_makes_no_sense_is_usage(tmp_path: Path) -> None:
    for arguments in (("deplyo",), ("deploy", "--imagee", "x"), ("rollback", "--to", "x"), ("demo", "--deploys", "0")):
        told = refused(tmp_path, *arguments, code=64)
        assert "--help" in told
    assert "deploy" in refused(tmp_path, "deplyo", code=64)


@needs_docker
def test_without_a_daemon_every_command_says_so(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = tmp_path_factory.mktemp("away")
    dead = away / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(dead))
    for place in (dead, away / "absent.sock"):
        for command in COMMANDS:
            (stack / "state").mkdir(exist_ok=True)
            told = refused(stack, *command, DOCKER_HOST=f"unix://{place}")
            assert "no Docker engine answers" in told, told
            assert "next" in told
    assert not list((stack / "state").iterdir())


@needs_docker
@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="becoming another user needs root and setpriv"
)
def test_without_permission_on_the_socket_the_user_is_told_about_the_group(
    stack: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Root may use any socket; without its capabilities it is a user like any other.
    away = tmp_path_factory.mktemp("away") / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(away))
        listener.listen()
        os.chown(away, 65534, 65534)
        away.chmod(0o600)
        bounding = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
        if subprocess.run([*bounding, "test", "-w", str(away)], check=False, timeout=20).returncode == 0:
            pytest.skip("root keeps its rights here")
        for command in (("status",), ("deploy",)):
            done = subprocess.run(
                [*bounding, *ROLLOUT, *command],
                cwd=stack,
                env=shell_environment() | {"DOCKER_HOST": f"unix://{away}"},
                check=False,
                capture_output=True,
                text=True,
                timeout=120,
                stdin=subprocess.DEVNULL,
            )
            assert done.returncode == 78, done.stderr
            assert "Traceback" not in done.stderr
            assert "may not use the Docker socket" in flat(done.stderr)
            assert "usermod -aG docker" in flat(done.stderr)


@needs_docker
def test_without_the_docker_command_it_says_what_is_missing(
    stack: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nothing = tmp_path_factory.mktemp("bin")
    for command in (("status",), ("deploy",), ("check",), ("init",)):
        told = refused(stack, *command, PATH=str(nothing))
        assert "docker" in told
        assert "PATH" in told or "install" in told, told


def test_the_demo_needs_no_docker_at_all(tmp_path: Path) -> None:
    environment = shell_environment() | {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "console.cli.main", "demo", "--headless", "--deploys", "1"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
