"""The reference stack under the command line, as a user would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.stack import ReferenceStack

ROLLOUT = (sys.executable, "-m", "console.cli.main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody at a shell in the stack's directory."""

    stack: ReferenceStack

    def rollout(self, *arguments: str, expect: int | None = 0, deadline: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run `rollout` and see it end with that exit code."""
        done = self.stack.run(*ROLLOUT, *arguments, check=False, deadline=deadline)
        if expect is not None:
            assert done.returncode == expect, f"rollout {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a `rollout` and leave it running."""
        return subprocess.Popen(
            [*ROLLOUT, *arguments],
            cwd=self.stack.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def status(self) -> dict[str, object]:
        """`rollout status --json`, whatever its exit code."""
        found: dict[str, object] = json.loads(self.rollout("status", "--json", expect=None).stdout)
        return found

    def active_color(self) -> str:
        """What the state file says."""
        return (self.stack.state / "active-color").read_text().strip()

    def serving(self) -> str:
        """The color that really answers a user."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.stack.http_port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().headers["X-Rollout-Color"]
        finally:
            connection.close()

    def identities(self, *services: str) -> dict[str, tuple[str, str, int]]:
        """Container id, start time and restart count of each service's containers."""
        found = {}
        for service in services:
            for container in self.stack.compose("--profile", "green", "ps", "--all", "--quiet", service).split():
                inspected = self.stack.run("docker", "inspect", container).stdout
                (details,) = json.loads(inspected)
                found[f"{service}/{container[:12]}"] = (
                    details["Id"],
                    details["State"]["StartedAt"],
                    details["RestartCount"],
                )
        return found

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change one of the stack's files."""
        path = self.stack.directory / file
        before = path.read_text()
        after = change(before)
        assert after != before, f"{file} did not change"
        path.write_text(after)


@pytest.fixture
def operator(reference_stack: ReferenceStack) -> Operator:
    """An operator of a stack that serves blue, with a short watch."""
    someone = Operator(stack=reference_stack)
    someone.edit("docker-compose.yml", lambda text: text.replace("window: 10s", "window: 300ms"))
    someone.rollout("up", deadline=240)
    assert someone.serving() == "blue"
    return someone


@pytest.fixture
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[2]
