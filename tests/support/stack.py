"""A copy of the reference stack in a directory of its own, as a fresh clone would have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
PARTS = (".gitignore", "docker-compose.yml", "nginx", "console/demo/app")
ENVIRONMENT = ("COMPOSE_PROJECT_NAME", "PROJECT_NAME", "HTTP_PORT", "CONTROL_PORT")
"""Written to `.env`; what the developer's shell says of them must not win."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceStack:
    """One copy; nothing of it runs yet."""

    directory: Path
    project: str
    http_port: int
    control_port: int

    @property
    def url(self) -> str:
        """Where users reach it."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def control_url(self) -> str:
        """The proxy's control listener."""
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.directory / "state"

    def run(self, *command: str, deadline: float = 240.0, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the stack's directory, without what the developer's shell says about Compose."""
        foreign = (*ENVIRONMENT, "COMPOSE_", "ROLLOUT_", "SMOKE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=kept,
            check=False,
            capture_output=True,
            text=True,
            timeout=deadline,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert not check or done.returncode == 0, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def compose(self, *arguments: str, deadline: float = 240.0) -> str:
        """Run `docker compose` as a person in this directory would; returns its standard output."""
        return self.run("docker", "compose", *arguments, deadline=deadline).stdout

    def wait_until_served(self, within: float = 60.0) -> None:
        """Wait until users get answers: a proxy that was started a moment ago may not listen yet. Raises `OSError`."""
        until = time.monotonic() + within
        while True:
            try:
                urlopen(self.url, timeout=5).close()
            except (OSError, HTTPException):
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def changed_files(self) -> str:
        """What git says has changed since the copy was made; empty is clean."""
        return self.run("git", "status", "--porcelain", "--untracked-files=all").stdout


def copy_reference_stack(directory: Path, *, project: str, http_port: int, control_port: int) -> ReferenceStack:
    """Copy the stack's files and commit them there, so that a test can tell that a cutover changes none."""
    directory.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source, target = ROOT / part, directory / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    values = (project, project, http_port, control_port)
    lines = [f"{name}={value}\n" for name, value in zip(ENVIRONMENT, values, strict=True)]
    (directory / ".env").write_text("".join(lines))
    stack = ReferenceStack(directory=directory, project=project, http_port=http_port, control_port=control_port)
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    stack.run("git", "init", "--quiet")
    stack.run("git", "add", "--all")
    stack.run("git", *identity, "commit", "--quiet", "--message", "The stack as it is shipped")
    return stack
