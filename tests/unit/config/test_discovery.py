from __future__ import annotations

from pathlib import Path

import pytest

from console.config.discovery import discover
from console.config.options import Options


def names(directory: Path, *files: str, environ: dict[str, str] | None = None) -> list[str]:
    found = discover(Options(files=files, directory=directory), environ or {})
    return [found.shown(file) for file in found.files]


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    for name in ("docker-compose.yml", "extra.yml"):
        (tmp_path / name).write_text("services: {}\n")
    (tmp_path / "below" / "deep").mkdir(parents=True)
    return tmp_path


def test_files_are_found_from_any_directory_below(stack: Path) -> None:
    assert names(stack) == names(stack / "below" / "deep") == ["docker-compose.yml"]
    assert discover(Options(directory=stack / "below"), {}).directory == stack


def test_the_newer_name_wins_and_one_override_joins(stack: Path) -> None:
    for name in ("compose.yaml", "compose.override.yaml", "docker-compose.override.yml"):
        (stack / name).write_text("services: {}\n")
    assert names(stack) == ["compose.yaml", "compose.override.yaml"]


def test_an_explicit_file_drops_the_override(stack: Path) -> None:
    (stack / "docker-compose.override.yml").write_text("services: {}\n")
    assert names(stack, "docker-compose.yml") == ["docker-compose.yml"]


def test_the_order_of_sources_is_flag_rollout_variable_compose_variable_dotenv(stack: Path) -> None:
    (stack / ".env").write_text("COMPOSE_FILE=docker-compose.yml:extra.yml\n")
    assert names(stack) == ["docker-compose.yml", "extra.yml"]
    assert names(stack, environ={"COMPOSE_FILE": "extra.yml"}) == ["extra.yml"]
    assert names(stack, environ={"COMPOSE_FILE": "x.yml", "ROLLOUT_COMPOSE_FILE": "docker-compose.yml"}) == [
        "docker-compose.yml"
    ]
    assert names(stack, "extra.yml", environ={"ROLLOUT_COMPOSE_FILE": "docker-compose.yml"}) == ["extra.yml"]


def test_dotenv_of_the_project_counts_from_a_directory_below(stack: Path) -> None:
    (stack / ".env").write_text("COMPOSE_FILE=docker-compose.yml:extra.yml\n")
    assert names(stack / "below") == ["docker-compose.yml", "extra.yml"]


def test_an_empty_variable_is_no_variable(stack: Path) -> None:
    assert names(stack, environ={"COMPOSE_FILE": "", "ROLLOUT_COMPOSE_FILE": " "}) == ["docker-compose.yml"]


def test_the_separator_can_be_named(stack: Path) -> None:
    (stack / ".env").write_text("COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=docker-compose.yml,extra.yml\n")
    assert names(stack) == ["docker-compose.yml", "extra.yml"]


def test_the_generated_override_is_left_out_and_seen(stack: Path) -> None:
    (stack / ".env").write_text("COMPOSE_FILE=docker-compose.yml:./state/colors.yml\n")
    found = discover(Options(directory=stack), {})
    assert [file.name for file in found.files] == ["docker-compose.yml"]
    assert found.pins_in_environment
    assert not found.problems


def test_pins_are_seen_in_dotenv_also_with_an_explicit_file(stack: Path) -> None:
    (stack / ".env").write_text("COMPOSE_FILE=docker-compose.yml:state/colors.yml\n")
    assert discover(Options(directory=stack, files=("docker-compose.yml",)), {}).pins_in_environment
    assert not discover(Options(directory=stack), {"COMPOSE_FILE": "docker-compose.yml"}).pins_in_environment


def test_the_state_directory_follows_flag_then_variable_then_project(stack: Path) -> None:
    assert discover(Options(directory=stack / "below"), {}).state == stack / "state"
    by_variable = discover(Options(directory=stack), {"ROLLOUT_STATE_DIR": "run"})
    assert (by_variable.state, by_variable.state_given_by) == (stack / "run", "ROLLOUT_STATE_DIR")
    by_flag = discover(Options(directory=stack, state_dir="/var/lib/x"), {"ROLLOUT_STATE_DIR": "run"})
    assert (str(by_flag.state), by_flag.state_given_by) == ("/var/lib/x", "--state-dir")


def test_a_stack_that_is_not_there_is_one_problem_with_a_way_out(tmp_path: Path) -> None:
    found = discover(Options(directory=tmp_path), {})
    assert found.files == ()
    assert "-f" in found.problems[0].hint


def test_standard_input_is_refused(stack: Path) -> None:
    assert discover(Options(directory=stack, files=("-",)), {}).problems
