from __future__ import annotations

import json
from pathlib import Path

from console.adapters.runtime import compose_plugin

UP = ("docker", "compose", "-p", "shop", "up", "-d")


def install(folder: Path, *, mode: int = 0o755) -> Path:
    plugin = folder / "docker-compose"
    folder.mkdir(parents=True, exist_ok=True)
    plugin.write_text("#!/bin/false\n")
    plugin.chmod(mode)
    return plugin


def test_the_users_own_plugin_comes_before_the_systems(tmp_path: Path) -> None:
    plugin = install(tmp_path / ".docker" / "cli-plugins")
    assert compose_plugin.find({"HOME": str(tmp_path)}) == plugin
    assert compose_plugin.direct(UP, {"HOME": str(tmp_path)}) == (str(plugin), "-p", "shop", "up", "-d")


def test_the_configuration_says_where_else_to_look_first(tmp_path: Path) -> None:
    config, extra = tmp_path / "config", tmp_path / "extra"
    install(config / "cli-plugins")
    first = install(extra)
    (config / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(tmp_path / "none"), str(extra), 5]}))
    assert compose_plugin.find({"DOCKER_CONFIG": str(config), "HOME": "/nowhere"}) == first
    (config / "config.json").write_text("{")
    assert compose_plugin.find({"DOCKER_CONFIG": str(config)}) == config / "cli-plugins" / "docker-compose"


def test_what_the_docker_command_would_refuse_to_run_is_left_to_it(tmp_path: Path) -> None:
    install(tmp_path / ".docker" / "cli-plugins", mode=0o644)
    environ = {"HOME": str(tmp_path)}
    assert compose_plugin.find(environ) is None
    assert compose_plugin.direct(UP, environ) == UP


def test_other_commands_stay_as_they_are(tmp_path: Path) -> None:
    install(tmp_path / ".docker" / "cli-plugins")
    assert compose_plugin.direct(("docker", "pull", "x"), {"HOME": str(tmp_path)}) == ("docker", "pull", "x")
