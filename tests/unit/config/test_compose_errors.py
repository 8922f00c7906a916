from __future__ import annotations

import pytest

from console.config.compose_errors import explain

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("told", "where", "message"),
    [
        ("validating /x/c.yml: services.app Additional property foo is not allowed", "services.app", "foo"),
        ("validating /x/c.yml: (root) Additional property foo is not allowed", "the top level", "foo"),
        (
            "validating /x/c.yml: services.app.container_name must be a string",
            "services.app.container_name",
            "a string",
        ),
        (
            "error while interpolating services.app.environment.A: required variable B is missing a value: hunter2",
            "services.app.environment.A",
            "B",
        ),
        (
            "invalid interpolation format for services.app.environment.A.\nYou may\nhunter2${",
            "services.app.environment.A",
            "$",
        ),
        (
            "decoding failed:\n\nerror decoding 'services[app].mem_limit': invalid size: 'hunter2'",
            "services.app.mem_limit",
            "can't be read",
        ),
        ('service "app" depends on undefined service "db": invalid compose project', "services.app.depends_on", "db"),
        ('service "app" refers to undefined network nope: invalid compose project', "services.app", "network `nope`"),
        ('service "app" has neither an image nor a build context specified', "services.app", "neither"),
        ('cannot extend service "app" in /x/c.yml: service "no" not found', "services.app.extends", "no"),
        ("open /x/nope.yml: no such file or directory", "/x/nope.yml", "no such file"),
        ('failed to read /x/.env: line 2: unterminated quoted value "hunter2', "/x/.env", "can't be read"),
        ('yaml: unmarshal errors:\n  line 4: mapping key "app" already defined at line 2', "Compose file", "line 4"),
        ('invalid project name "hunter2": must consist only of', "project name", "lower case"),
        ("docker: 'compose' is not a docker command.", "docker compose", "plugin"),
        ('time: invalid duration "hunter2"', "docker compose", "not repeated"),
        ("", "docker compose", "not repeated"),
    ],
)
def test_what_compose_says_is_told_again_without_its_values(told: str, where: str, message: str) -> None:
    problem = explain(told, command="docker compose config -q")[0]
    assert problem.where == where
    assert message in problem.message
    assert SECRET not in f"{problem}"


def test_words_that_are_not_known_lead_to_the_command_that_shows_them() -> None:
    assert "docker compose config -q" in explain("hunter2", command="docker compose config -q")[0].hint
