"""Fixtures that all tests share, and the rule for tests that need Docker."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.engine import docker_required, missing_docker, remove_project
from tests.support.order import turn
from tests.support.ports import Ports
from tests.support.stack import ReferenceStack, copy_reference_stack

settings.register_profile("noisy", deadline=None)  # how long an example takes says more about the machine than about it
settings.load_profile("noisy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: turn(item.nodeid.partition("::")[0]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a Docker test where there is no Docker; fail it where Docker is required."""
    if item.get_closest_marker("docker") is None:
        return
    reason = missing_docker()
    if reason and docker_required():
        pytest.fail(f"this run requires Docker, but {reason}", pytrace=False)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def free_ports() -> Iterator[Callable[[int], list[int]]]:
    """`free_ports(n)`: different loopback ports that nobody listens on, each given out once on this machine."""
    ports = Ports()
    yield ports.reserve
    ports.close()


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> int:
    """A loopback port that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture
def project_name() -> Iterator[str]:
    """A Compose project name of this test's own; whatever the project left behind is removed afterwards."""
    name = f"rollout-test-{uuid.uuid4().hex[:10]}"
    yield name
    if not missing_docker():
        remove_project(name)


@pytest.fixture
def reference_stack(tmp_path: Path, project_name: str, free_ports: Callable[[int], list[int]]) -> ReferenceStack:
    """A committed copy of the reference stack with its own project name and free ports; not started."""
    http_port, control_port = free_ports(2)
    return copy_reference_stack(
        tmp_path / "stack", project=project_name, http_port=http_port, control_port=control_port
    )
