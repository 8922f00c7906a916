"""Without a Docker engine that can be asked: exit 78, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_init_for_real import STACK

pytestmark = pytest.mark.docker
ROOT = Path(__file__).parents[2]


COMMANDS = ("status", "history", "receipt", "lock", "check", "deploy", "rollback", "up", "down")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dead_socket_ends_every_command_with_78_and_says_how_to_go_on(tmp_path: Path, command: str) -> None:
    (tmp_path / "compose.yaml").write_text(STACK)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))}
    done = subprocess.run(
        [sys.executable, "-m", "console.cli.main", "-f", str(tmp_path / "compose.yaml"), command],
        check=False,
        cwd=ROOT,
        env=environ | {"DOCKER_HOST": f"unix://{tmp_path}/dead.sock"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 78, done.stderr
    assert "no Docker engine answers" in done.stderr
    assert "systemctl start docker" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
