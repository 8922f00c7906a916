"""The reference stack under the command line, as a user would run it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.stack import ReferenceStack

ROLLOUT = (sys.executable, "-m", "console.cli.main")
KILLED_AT = Path(__file__).with_name("killed_at.py")


def shell_environment() -> dict[str, str]:
    """This process's environment, without what the developer's shell says about stacks."""
    foreign = ("COMPOSE_", "ROLLOUT_", "SMOKE_", "PROJECT_NAME", "HTTP_PORT", "CONTROL_PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def other(color: str) -> str:
    """The color beside it."""
    return "green" if color == "blue" else "blue"


def eventually(condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
    """Wait until something is so. Raises `AssertionError` when it takes longer than that many seconds."""
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, f"not within {within:g} s: {what}"
        time.sleep(0.05)


def flat(text: str) -> str:
    """What was told, without its line breaks."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody at a shell in the stack's directory."""

    stack: ReferenceStack

    def rollout(
        self, *arguments: str, expect: int | None = 0, deadline: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
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
            env=shell_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def killed_at(self, step: str, *arguments: str) -> None:
        """Run `rollout` and have the kernel kill it the moment the journal says that the step began."""
        done = self.stack.run(sys.executable, str(KILLED_AT), step, *arguments, check=False)
        assert done.returncode == -9, f"it ended with {done.returncode} instead of being killed\n{done.stderr}"

    def records(self) -> list[dict[str, object]]:
        """The journal, as it lies there."""
        try:
            lines = (self.stack.state / "journal.jsonl").read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def last(self, kind: str) -> dict[str, object]:
        """The newest record of a type."""
        return next(record for record in reversed(self.records()) if record["type"] == kind)

    def reached(self, process: subprocess.Popen[str], step: str, *, deadline: float = 120.0) -> None:
        """Wait until the journal says that the process began this step."""
        until = time.monotonic() + deadline
        while True:
            if step in self.begun_by(process.pid):
                return
            assert process.poll() is None, f"it ended before {step}: {process.communicate()[0]}"
            assert time.monotonic() < until, f"no {step} within {deadline:g} s"
            time.sleep(0.005)

    def begun_by(self, pid: int) -> list[object]:
        """The steps that this process's rollout began so far."""
        return [record["step"] for record in self._of(pid) if record["type"] == "step_started"]

    def asked_to_end(self, process: subprocess.Popen[str]) -> bool:
        """Whether somebody asked this process's rollout for a safe end, or it has ended."""
        ends = {"abort_requested", "rollout_finished"}
        return process.poll() is not None or any(record["type"] in ends for record in self._of(process.pid))

    def _of(self, pid: int) -> list[dict[str, object]]:
        """The records of the rollout that this process runs, or ran."""
        records = self.records()
        started = (r for r in reversed(records) if r["type"] == "rollout_started" and r["pid"] == pid)
        number = next((record["rollout"] for record in started), None)
        return [record for record in records if record["rollout"] == number]

    def agreed(self) -> str:
        """The color that is recorded, written, live and really answering; fails unless that is one and the same."""
        status = self.status()
        seen = (status["recorded"], status["file_color"], status["live_color"], status["serving"], self.serving())
        assert status["drift"] is None, status
        assert len(set(seen)) == 1, seen
        assert status["file_generation"] == status["live_generation"], status
        return str(status["serving"])

    def containers(self, service: str, *, all_of_them: bool = True) -> list[str]:
        """The ids of a service's containers, or of those that run; by Docker, which is quicker than Compose."""
        project = f"label=com.docker.compose.project={self.stack.project}"
        named = f"label=com.docker.compose.service={service}"
        which = ("--all",) if all_of_them else ()
        listed = self.stack.run("docker", "ps", *which, "--quiet", "--no-trunc", "--filter", project, "--filter", named)
        return sorted(listed.stdout.split())

    def running(self, service: str) -> int:
        """How many of a service's containers run."""
        return len(self.containers(service, all_of_them=False))

    def receipt(self, number: int | None = None) -> dict[str, object]:
        """A receipt, the newest one without a number."""
        chosen = () if number is None else (str(number),)
        found: dict[str, object] = json.loads(self.rollout("receipt", "--format", "json", *chosen).stdout)
        return found

    def set_environment(self, **values: str) -> None:
        """Set variables in the stack's `.env`; the last line of a name counts."""
        path = self.stack.directory / ".env"
        path.write_text(path.read_text() + "".join(f"{name}={value}\n" for name, value in values.items()))

    def status(self) -> dict[str, object]:
        """`rollout status --json`, whatever its exit code."""
        found: dict[str, object] = json.loads(self.rollout("status", "--json", expect=None).stdout)
        return found

    def active_color(self) -> str:
        """What the state file says."""
        return (self.stack.state / "active-color").read_text().strip()

    def serving(self) -> str:
        """The color that really answers a user."""
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.http_port, timeout=20)
        try:
            connection.request("GET", "/")
            return connection.getresponse().headers["X-Rollout-Color"]
        finally:
            connection.close()

    def identities(self, *services: str) -> dict[str, tuple[str, str, int]]:
        """Container id, start time and restart count of each service's containers."""
        ids = {container: service for service in services for container in self.containers(service)}
        if not ids:
            return {}
        return {
            f"{ids[details['Id']]}/{details['Id'][:12]}": (
                details["Id"],
                details["State"]["StartedAt"],
                details["RestartCount"],
            )
            for details in json.loads(self.stack.run("docker", "inspect", *ids).stdout)
        }

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
