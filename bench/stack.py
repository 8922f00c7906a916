"""The reference stack for a benchmark: a copy on ports of its own, taken down afterwards."""

from __future__ import annotations

import os
import socket
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from console.config.load import load_spec
from console.config.options import Options
from console.engine.session import Session
from console.model.request import Actor
from console.model.spec import Spec
from console.wiring import open_session
from tests.support.engine import remove_project
from tests.support.stack import ReferenceStack, copy_reference_stack


@contextmanager
def copied_stack() -> Iterator[ReferenceStack]:
    """A copy that is not up."""
    project = f"rollout-bench-{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="rollout-bench-") as directory:
        http_port, control_port = _free_ports()
        stack = copy_reference_stack(
            Path(directory) / "stack", project=project, http_port=http_port, control_port=control_port
        )
        try:
            yield stack
        finally:
            remove_project(project)


@contextmanager
def serving_stack() -> Iterator[ReferenceStack]:
    """A copy that serves blue."""
    with copied_stack() as stack:
        stack.compose("up", "--detach", "--build", "--quiet-pull", "--wait")
        yield stack


def spec_of(stack: ReferenceStack) -> Spec:
    """Its spec, without a watch."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))}
    spec = load_spec(Options(directory=stack.directory), environ)
    return replace(spec, watch=replace(spec.watch, window=0.0))


async def session_on(spec: Spec) -> Session:
    """A session of the benchmark's own."""
    return await open_session(spec, Actor(user="bench", host="localhost", pid=os.getpid(), command="make bench"))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
