"""The clean-up that every Docker test relies on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.engine import docker, remove_project

COMPOSE = """\
services:
  one:
    build: .
    command: ["python3", "-c", "import time; time.sleep(600)"]
    stop_grace_period: 0s
    volumes: ["kept:/kept"]
volumes:
  kept: {}
"""


@pytest.mark.docker
def test_nothing_of_a_project_is_left(tmp_path: Path, project_name: str) -> None:
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    (tmp_path / "Dockerfile").write_text("FROM python:3.13-slim\n")
    file = str(tmp_path / "docker-compose.yml")
    docker("compose", "-p", project_name, "-f", file, "up", "--detach", "--build")
    image = docker("compose", "-p", project_name, "-f", file, "images", "--quiet").strip()
    docker("tag", image, f"{project_name}:kept")

    def left() -> dict[str, str]:
        label = f"label=com.docker.compose.project={project_name}"
        listings = {"ps": ("ps", "-aq"), "networks": ("network", "ls", "-q"), "volumes": ("volume", "ls", "-q")}
        found = {what: docker(*listing, "--filter", label) for what, listing in listings.items()}
        return found | {"images": docker("image", "ls", "-q", "--filter", f"reference={project_name}*")}

    assert all(left().values())
    remove_project(project_name)
    assert not any(left().values()), left()
    remove_project(project_name)
