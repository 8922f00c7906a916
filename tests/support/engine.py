"""What the tests need of Docker itself, through its command line: is it there, and is everything gone afterwards."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

QUESTION = ("docker", "version", "--format", "{{.Server.Version}}")


def docker(*arguments: str, deadline: float = 240.0) -> str:
    """Run one Docker command and return what it printed. Raises `subprocess.CalledProcessError` with its words."""
    return subprocess.run(
        ["docker", *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=deadline,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ).stdout


@functools.cache
def missing_docker() -> str:
    """Why the Docker tests can't run here; empty when they can. Asked once a session."""
    if shutil.which("docker") is None:
        return "the docker command is not installed"
    try:
        docker(*QUESTION[1:], deadline=60)
    except subprocess.TimeoutExpired:
        return "no Docker engine answered within 60 s"
    except subprocess.CalledProcessError as error:
        return f"no Docker engine answers: {error.stderr.strip().splitlines()[-1] if error.stderr.strip() else error}"
    try:
        docker("compose", "version", "--short", deadline=60)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return "docker compose (version 2) is not installed"
    return ""


def docker_required() -> bool:
    """Whether a missing Docker is a failure: under CI, or when asked for."""
    wanted = {"1", "true", "yes"}
    return any(os.environ.get(name, "").lower() in wanted for name in ("CI", "ROLLOUT_REQUIRE_DOCKER"))


def remove_project(project: str) -> None:
    """Remove what a Compose project left: containers, networks, volumes, and the images that it built. Idempotent."""
    label = f"label=com.docker.compose.project={project}"
    for listing, removal in (
        (("ps", "--all", "--quiet"), ("rm", "--force", "--volumes")),
        (("network", "ls", "--quiet"), ("network", "rm")),
        (("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        (("image", "ls", "--all", "--quiet"), ("image", "rm", "--force")),
    ):
        # A set: an image with two tags is listed twice, and removed by its id once.
        found = sorted(set(docker(*listing, "--filter", label).split()))
        if found:
            docker(*removal, *found)
