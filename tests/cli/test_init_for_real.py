"""`rollout init` on a stack with one service, with the real Compose."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.docker

STACK = """\
name: rollout-init-cli
x-rollout: {service: web}
services:
  web: {image: "shop:1"}
  proxy:
    image: nginx:1.30
    ports: ["127.0.0.1:8080:80"]
    volumes: ["./state/nginx:/etc/rollout:ro"]
"""


def run(directory: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))}
    return subprocess.run(argv, check=False, cwd=directory, env=environ, capture_output=True, text=True, timeout=180)


@pytest.mark.parametrize("flags", [("--write-env",), ("--write", "--write-env")])
def test_after_init_a_plain_compose_knows_the_derived_twin(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "compose.yaml").write_text(STACK)
    root = Path(__file__).parents[2]
    init = run(tmp_path, sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); "
               "from console.cli.main import main; sys.exit(main(sys.argv[1:]))", "init", *flags)  # fmt: skip
    assert init.returncode == 0, init.stderr
    assert (tmp_path / ".env").read_text() == "COMPOSE_FILE=compose.yaml:state/colors.yml\n"
    services = run(tmp_path, "docker", "compose", "--profile", "*", "config", "--services")
    assert sorted(services.stdout.split()) == ["proxy", "web", "web_green"], services.stderr
    assert run(tmp_path, "docker", "compose", "config", "--services").stdout.split().count("web_green") == 0
