"""State and upstream directories that can't be written: a deploy ends before anything moves."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Operator, flat
from tests.support.stack import ReferenceStack
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DEPLOY = ("deploy", "--source", "local")
PAGE = 4096
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@contextlib.contextmanager
def mounted(target: Path, *arguments: str) -> Iterator[None]:
    """Something mounted on a directory."""
    subprocess.run(["mount", *arguments, str(target)], check=True, timeout=20, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(target)], check=True, timeout=20, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def full(directory: Path) -> Iterator[None]:
    """A file system on which not one more page fits."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * PAGE):
            pass
    try:
        yield
    finally:
        ballast.unlink()


@as_root
@pytest.mark.timeout(500)
def test_a_full_disk_ends_a_deploy_before_anything_moves(reference_stack: ReferenceStack) -> None:
    operator = Operator(stack=reference_stack)
    operator.edit("docker-compose.yml", lambda text: text.replace("window: 10s", "window: 300ms"))
    state = reference_stack.state
    state.mkdir(mode=0o750)
    with mounted(state, "-t", "tmpfs", "-o", "size=2m,mode=0750", "tmpfs"):
        operator.rollout("up", deadline=240)
        operator.rollout("deploy")
        operator.rollout("deploy")
        before = operator.identities("app", "proxy")
        journal = state / "journal.jsonl"
        for journal_too in (False, True):
            if journal_too:
                # A page that is there still takes what fits: fill it, so that not one record does.
                with journal.open("ab") as file:
                    file.write(b"#" * (PAGE - 1 - journal.stat().st_size % PAGE) + b"\n")
            with full(state), Traffic(reference_stack.url, rate=100.0) as traffic:
                told = flat(operator.rollout(*DEPLOY, expect=3).stderr)
                assert "No space left on device" in told, told
                assert "the journal" in told or not journal_too, told
                assert operator.agreed() == "blue"
                traffic.wait_for(20)
            traffic.report.assert_clean(at_least=50)
            assert operator.identities("app", "proxy") == before
            assert operator.agreed() == "blue"
        operator.rollout(*DEPLOY)
        assert operator.agreed() == "green"
        operator.stack.compose("--profile", "green", "down", "--timeout", "1")


@as_root
@pytest.mark.timeout(400)
def test_an_unwritable_upstream_directory_ends_a_deploy_before_anything_moves(operator: Operator) -> None:
    operator.rollout("deploy")
    operator.rollout("deploy")
    before = operator.identities("app", "proxy")
    directory = operator.stack.state / "nginx"
    with mounted(directory, "--bind", str(directory)), Traffic(operator.stack.url, rate=100.0) as traffic:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(directory)], check=True, timeout=20)
        told = flat(operator.rollout(*DEPLOY, expect=3).stderr)
        assert "write the upstream file" in told
        assert "Read-only file system" in told
        assert operator.agreed() == "blue"
        assert operator.running("app_green") == 0
        traffic.wait_for(20)
    traffic.report.assert_clean(at_least=50)
    assert operator.identities("app", "proxy") == before
    operator.rollout(*DEPLOY)
    assert operator.agreed() == "green"
