"""The real `docker compose config`; no container is made."""

from __future__ import annotations

import os
import select
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.config.load import load, load_spec, load_static
from console.config.options import Options
from console.model.color import Color
from console.model.errors import ConfigError, Problem

pytestmark = pytest.mark.docker

SECRET = "hunter2-is-a-secret"
STACK = f"""\
x-rollout:
  service: app
  port: ${{APP_PORT:-8000}}
  smoke: {{url: "http://127.0.0.1:${{HTTP_PORT:-8080}}/health"}}
services:
  app:
    image: shop:1
    environment: {{PASSWORD: {SECRET}}}
    deploy: {{replicas: 2}}
  proxy:
    image: nginx:1.30
    ports: ["127.0.0.1:${{HTTP_PORT:-8080}}:80", "127.0.0.1:9080:9080"]
    volumes: ["./state:/etc/state:ro"]
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to(name: str = "compose.yaml", text: str = STACK) -> Path:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        return tmp_path

    return to


def environ(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))}
    return plain | more


def problems(directory: Path, *files: str, **more: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load_spec(Options(directory=directory, files=files), environ(**more))
    assert SECRET not in repr(caught.value.problems)
    return caught.value.problems


def test_a_stack_is_read_and_interpolated(write: Write) -> None:
    directory = write()
    spec = load_spec(Options(directory=directory), environ(HTTP_PORT="8181"))
    assert spec.compose_files == (directory / "compose.yaml",)
    assert spec.smoke.url == "http://127.0.0.1:8181/health"
    assert (spec.port, spec.replicas) == (8000, 2)
    assert spec.project == directory.name.lower()


def test_the_directory_of_generated_files_is_found_inside_a_larger_mount(write: Write) -> None:
    loaded = load(Options(directory=write()), environ())
    assert str(loaded.spec.proxy.target) == "/etc/state/nginx"
    assert loaded.static.config_mount is not None
    assert loaded.static.services[Color.GREEN].name == "app_green"
    assert load_static(loaded.spec, environ()) == loaded.static


def test_a_green_service_behind_a_profile_is_seen(write: Write) -> None:
    text = STACK.replace("services:\n", "services:\n  app_green: {extends: app, profiles: [late]}\n")
    spec = load_spec(
        Options(directory=write(text=text.replace("  port:", "  colors: {blue: app, green: app_green}\n  port:"))),
        environ(),
    )
    assert spec.profiles == {Color.BLUE: None, Color.GREEN: "late"}


@pytest.mark.parametrize(
    ("more", "name"),
    [({"ROLLOUT_PROJECT_NAME": "by-rollout"}, "by-rollout"), ({"COMPOSE_PROJECT_NAME": "by-compose"}, "by-compose")],
)
def test_the_project_name_follows_the_environment(write: Write, more: dict[str, str], name: str) -> None:
    directory = write()
    assert load_spec(Options(directory=directory), environ(**more)).project == name
    assert load_spec(Options(directory=directory, project_name="by-flag"), environ(**more)).project == "by-flag"


def test_the_name_in_the_file_and_in_dotenv_count(write: Write) -> None:
    assert load_spec(Options(directory=write(text=f"name: in-file\n{STACK}")), environ()).project == "in-file"
    write(".env", "COMPOSE_PROJECT_NAME=in-dotenv\nHTTP_PORT=8282\n")
    spec = load_spec(Options(directory=write(text=STACK)), environ())
    assert (spec.project, spec.smoke.url) == ("in-dotenv", "http://127.0.0.1:8282/health")


def test_a_generated_override_that_does_not_exist_yet_is_no_error(write: Write) -> None:
    write(".env", "COMPOSE_FILE=compose.yaml:state/colors.yml\n")
    spec = load_spec(Options(directory=write()), environ())
    assert spec.pins_in_environment
    assert [file.name for file in spec.compose_files] == ["compose.yaml"]


def test_pins_of_a_generated_override_do_not_reach_the_spec(write: Write) -> None:
    write(".env", "COMPOSE_FILE=compose.yaml:state/colors.yml\n")
    write("state/colors.yml", "services: {app: {image: 'sha256:" + "0" * 64 + "'}}\n")
    assert load_spec(Options(directory=write()), environ()).images[Color.BLUE] == "shop:1"


def test_blocks_of_several_files_are_merged_key_by_key(write: Write) -> None:
    write("compose.override.yaml", "x-rollout:\n  smoke: {status: '${STATUS:-204}'}\n  drain: {deadline: 5s}\n")
    spec = load_spec(Options(directory=write()), environ(HTTP_PORT="8181"))
    assert (spec.service, spec.smoke.status, spec.smoke.url, spec.drain.deadline) == (
        "app",
        204,
        "http://127.0.0.1:8181/health",
        5.0,
    )


def test_an_interpolated_value_that_is_wrong_is_shown_as_it_is_written(write: Write) -> None:
    (problem,) = problems(write(), APP_PORT=SECRET)
    assert problem.where == "x-rollout.port"
    assert "${APP_PORT:-8000}" in problem.message
    assert problem.place == "compose.yaml:3"


def test_problems_of_compose_and_of_the_block_are_told_together(write: Write) -> None:
    text = STACK.replace("  service: app\n", "  service: ap\n  smok: {}\n") + "    depends_on: [nowhere]\n"
    found = {problem.where: problem for problem in problems(write(text=text))}
    assert set(found) == {"services.proxy.depends_on", "x-rollout.service", "x-rollout.smok"}
    assert found["services.proxy.depends_on"].place.startswith("compose.yaml:")


def test_a_secret_in_a_message_of_compose_is_not_repeated(write: Write) -> None:
    text = STACK.replace("    image: shop:1\n", f"    image: shop:1\n    stop_grace_period: {SECRET}\n")
    (problem,) = problems(write(text=text))
    assert problem.where == "services.app.stop_grace_period"
    assert problem.place == "compose.yaml:8"
    text = STACK.replace(SECRET, "'${NOWHERE:?" + SECRET + "}'")
    (problem,) = problems(write(text=text))
    assert "NOWHERE" in problem.message


def test_a_yaml_error_has_its_line_and_every_file_is_read(write: Write) -> None:
    write("extra.yml", "services: [\n")
    places = [problem.place for problem in problems(write(text="services:\n\tapp: {}\n"), "compose.yaml", "extra.yml")]
    assert places == ["compose.yaml:2", "extra.yml:2"]


def test_a_missing_file_is_told_by_its_name(write: Write) -> None:
    (problem,) = problems(write(), "nope.yml")
    assert problem.where == "nope.yml"
    directory = write()
    found = problems(directory, "compose.yaml", "nope.yml")
    assert [one.where for one in found] == ["nope.yml"]


def test_wrong_flags_are_told_although_no_file_is_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_spec(Options(directory=tmp_path, smoke_status="9"), environ())
    assert [problem.where for problem in caught.value.problems] == [str(tmp_path), "--smoke-status"]


def test_a_stack_without_a_block_is_told_what_prints_one(write: Write) -> None:
    (problem,) = problems(write(text="services:\n  app: {image: shop:1}\n"))
    assert (problem.where, "rollout init" in problem.hint) == ("x-rollout", True)


def test_a_machine_without_docker_is_told_so(write: Write, tmp_path: Path) -> None:
    (problem,) = problems(write(), PATH=str(tmp_path))
    assert problem.where == "docker"
    assert "rollout demo" in problem.hint


def test_a_command_that_hangs_is_killed_with_its_children(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = write()
    fake = tmp_path / "bin" / "docker"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{shutil.which('sleep')} 300 &\necho $! > {tmp_path}/child\nwait\n")
    fake.chmod(0o755)
    monkeypatch.setattr("console.config.compose_command.DEADLINE", 1.0)
    (problem,) = problems(directory, PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert "did not end" in problem.message
    assert ended(int((tmp_path / "child").read_text()))


def ended(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_the_reference_stack_loads() -> None:
    spec = load_spec(Options(directory=Path(__file__).parents[3]), environ())
    assert spec.services == {Color.BLUE: "app", Color.GREEN: "app_green"}
    assert str(spec.proxy.target) == "/etc/rollout"
