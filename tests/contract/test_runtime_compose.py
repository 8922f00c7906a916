"""The runtime contract over real containers of Docker Compose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.adapters.runtime.compose_runtime import ComposeRuntime
from console.ports.runtime import Runtime
from tests.contract.runtime_compose import derived
from tests.contract.runtime_contract import RuntimeContract, removed_afterwards

ALONE = """\
services:
  app:
    build: ./src
    command: [python3, -u, -m, http.server, "8000"]
    init: true
"""


@pytest.fixture
async def runtime(tmp_path: Path, project_name: str) -> AsyncIterator[Runtime]:
    stack = derived(tmp_path, project_name, pins_in_environment=False)
    stack.write("docker-compose.yml", ALONE)
    stack.write("src/marker", "1")
    async with removed_afterwards(ComposeRuntime(replace(stack.spec, images={}))) as runtime:
        yield runtime


@pytest.mark.docker
class TestDockerCompose(RuntimeContract):
    pass
