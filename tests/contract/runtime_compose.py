"""A small real Compose stack, and the runtime on it: what the contract's tests need of this adapter."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from console.model.color import Color
from console.model.spec import ProxySpec, SmokeSpec, Spec
from tests.support.engine import docker

APP = """\
FROM python:3.13-slim
COPY marker /marker
"""

COMPOSE = """\
services:
  app:
    build: ./src
    image: ${SHOP_IMAGE:?}
    command: [python3, -u, -m, http.server, "8000"]
    init: true
    env_file: [app.env]
    environment: {FROM_BASE: "yes"}
    ports: ["127.0.0.1::8000"]
    volumes: ["data:/data"]
    networks: [edge]
    depends_on:
      db: {condition: service_started}
      migrate: {condition: service_completed_successfully}
    restart: unless-stopped
  db:
    image: nginx:1.30
    environment: {EDITED: "${DB_EDITED:-no}"}
    networks: [edge]
  migrate:
    image: nginx:1.30
    command: [sh, -c, "${MIGRATE:-true}"]
    networks: [edge]
  proxy:
    image: nginx:1.30
    ports: ["127.0.0.1::80"]
    depends_on: [app]
    networks: [edge, outside]
networks: {edge: {}, outside: {}}
volumes: {data: {}}
"""

OVERRIDE = """\
services:
  app:
    environment: {FROM_OVERRIDE: "yes"}
"""

EXPLICIT_GREEN = """\
services:
  app_green:
    image: ${SHOP_IMAGE:?}
    command: [python3, -u, -m, http.server, "8000"]
    init: true
    networks: [edge]
    profiles: [green]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack's directory, and what the adapter is told about it."""

    spec: Spec
    image: str

    def write(self, name: str, text: str) -> Path:
        """Put a file into the stack's directory."""
        target = self.spec.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def environ(self, **values: str) -> None:
        """Set variables that the Compose files interpolate, as `.env` does."""
        lines = {"SHOP_IMAGE": self.image, "COMPOSE_PROJECT_NAME": self.spec.project, **values}
        self.write(".env", "".join(f"{key}={value}\n" for key, value in lines.items()))

    def build(self, marker: str, tag: str | None = None) -> str:
        """Build the app's image with this marker in it; returns its id."""
        self.write("src/marker", marker)
        label = f"com.docker.compose.project={self.spec.project}"
        docker("build", "--quiet", "--label", label, "--tag", tag or self.image, str(self.spec.directory / "src"))
        return docker("image", "inspect", "--format", "{{.Id}}", tag or self.image).strip()

    def compose(self, *arguments: str) -> str:
        """Type `docker compose ...` in the stack's directory, as a user would: with nothing but `.env`."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COMPOSE_")}
        done = subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.spec.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def snapshot(self, *services: str) -> Mapping[str, tuple[str, str, int]]:
        """Id, start time and restart count of every container of these services, by name."""
        found: dict[str, tuple[str, str, int]] = {}
        for service in services:
            listed = docker(
                "ps", "--all", "--quiet", "--no-trunc",
                "--filter", f"label=com.docker.compose.project={self.spec.project}",
                "--filter", f"label=com.docker.compose.service={service}",
            ).split()  # fmt: skip
            for details in json.loads(docker("inspect", *listed)) if listed else []:
                found[details["Name"]] = (details["Id"], details["State"]["StartedAt"], details["RestartCount"])
        return found


def derived(directory: Path, project: str, *, pins_in_environment: bool) -> Stack:
    """One service in two Compose files; its twin is derived."""
    spec = Spec(
        project=project,
        directory=directory,
        compose_files=(directory / "docker-compose.yml", directory / "docker-compose.override.yml"),
        pins_in_environment=pins_in_environment,
        state=directory / "state",
        active_color_file=directory / "state" / "active-color",
        upstream_file=directory / "state" / "nginx" / "upstream.conf",
        service="app",
        services={Color.BLUE: "app", Color.GREEN: "app_green"},
        derived_twin=True,
        images={Color.BLUE: f"{project}-shop:latest", Color.GREEN: f"{project}-app_green"},
        buildable=frozenset(Color),
        proxy=ProxySpec(config=directory / "state" / "nginx", control_port=80),
        smoke=SmokeSpec(url="http://127.0.0.1:1/"),
        stop_grace=2.0,
    )
    stack = Stack(spec=spec, image=f"{project}-shop:latest")
    stack.write("docker-compose.yml", COMPOSE)
    stack.write("docker-compose.override.yml", OVERRIDE)
    stack.write("app.env", "FROM_ENV_FILE=a-secret-value\n")
    stack.write("src/Dockerfile", APP)
    files = "docker-compose.yml:docker-compose.override.yml"
    stack.environ(**({"COMPOSE_FILE": f"{files}:state/colors.yml"} if pins_in_environment else {}))
    return stack


def explicit(directory: Path, project: str, *, pins_in_environment: bool) -> Stack:
    """Two services in the user's own Compose files, both with the same image name."""
    stack = derived(directory, project, pins_in_environment=pins_in_environment)
    green = stack.write("docker-compose.green.yml", EXPLICIT_GREEN)
    files = "docker-compose.yml:docker-compose.override.yml:docker-compose.green.yml"
    stack.environ(COMPOSE_FILE=f"{files}:state/colors.yml" if pins_in_environment else files)
    spec = replace(
        stack.spec,
        compose_files=(*stack.spec.compose_files, green),
        derived_twin=False,
        profiles={Color.GREEN: "green"},
        images=dict.fromkeys(Color, stack.image),
        buildable=frozenset({Color.BLUE}),
    )
    return replace(stack, spec=spec)
