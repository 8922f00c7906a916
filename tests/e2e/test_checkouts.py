"""One stack, several checkouts and several users: state and lock follow the stack, not who asks or from where."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROLLOUT, Operator, shell_environment
from tests.support.stack import copy_reference_stack

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]

DEPLOY = ("deploy", "--source", "local")
NOBODY = 65534


@pytest.fixture
def checkouts(operator: Operator, tmp_path: Path) -> tuple[Operator, Operator]:
    """Two clones of the same stack; the first one brought it up."""
    directory = tmp_path / "second"
    ignored = shutil.ignore_patterns("state")
    shutil.copytree(operator.stack.directory, directory, ignore=ignored)
    return operator, Operator(stack=dataclasses.replace(operator.stack, directory=directory))


def test_two_checkouts_of_a_stack_share_its_lock_its_journal_and_its_upstream(
    checkouts: tuple[Operator, Operator], tmp_path: Path
) -> None:
    first, second = checkouts
    first.rollout("deploy")
    assert first.agreed() == "green"

    second.rollout("deploy")
    assert first.agreed() == "blue"
    assert not (second.stack.state / "journal.jsonl").exists()
    assert not (second.stack.state / "nginx" / "upstream.conf").exists()
    assert [record["rollout"] for record in first.records() if record["type"] == "rollout_started"] == [1, 2, 3]
    assert second.rollout("history").stdout == first.rollout("history").stdout
    assert second.rollout("receipt", "3").stdout == first.rollout("receipt", "3").stdout
    assert second.status() == first.status()

    first.set_environment(WARMUP="8")
    process = first.start(*DEPLOY)
    try:
        first.reached(process, "await-ready")
        refused = second.rollout(*DEPLOY, expect=75)
        assert f"pid {process.pid}" in " ".join(refused.stderr.split())
        assert f"pid {process.pid}" in second.rollout("lock").stdout
        output, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
    assert process.returncode == 0, output
    assert first.agreed() == "green"

    before = first.identities("app", "app_green", "proxy")
    for elsewhere in (tmp_path / "elsewhere", second.stack.directory / "other"):
        for command in (DEPLOY, ("status",), ("rollback",)):
            told = second.rollout(*command, "--state-dir", str(elsewhere), expect=78).stderr
            assert "--state-dir" in told
            assert str(first.stack.state) in "".join(told.split())
        assert not elsewhere.exists()
    assert first.identities("app", "app_green", "proxy") == before
    assert first.agreed() == "green"

    second.rollout("rollback")
    assert first.agreed() == "blue"
    assert first.stack.changed_files() == " M docker-compose.yml\n"


@pytest.fixture
def shared_stack(project_name: str, free_ports: Callable[[int], list[int]]) -> Iterator[Operator]:
    """A stack in a directory that other users can enter; pytest's own are for their owner alone."""
    http_port, control_port = free_ports(2)
    directory = Path(tempfile.mkdtemp(prefix="rollout-shared-"))
    try:
        directory.chmod(0o755)
        stack = copy_reference_stack(
            directory / "stack", project=project_name, http_port=http_port, control_port=control_port
        )
        yield Operator(stack=stack)
    finally:
        shutil.rmtree(directory)


def as_user(operator: Operator, *arguments: str, groups: tuple[int, ...]) -> subprocess.CompletedProcess[str]:
    """Run `rollout` as a user without a name of its own rights, in these groups."""
    joined = ("--groups", ",".join(map(str, groups))) if groups else ("--clear-groups",)
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", *joined)
    return subprocess.run(
        [*user, *ROLLOUT, *arguments],
        cwd=operator.stack.directory,
        env=shell_environment() | {"HOME": "/nonexistent"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def docker_group() -> int:
    return Path("/var/run/docker.sock").stat().st_gid


def can_run_as_nobody() -> bool:
    if os.geteuid() != 0 or shutil.which("setpriv") is None or not Path("/var/run/docker.sock").exists():
        return False
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return subprocess.run([*user, sys.executable, "-c", "import console"], check=False, timeout=20).returncode == 0


@pytest.mark.skipif(not can_run_as_nobody(), reason="needs root, setpriv, and a Python that other users can run")
def test_a_second_user_of_the_group_sees_the_status_and_others_are_told_why_not(shared_stack: Operator) -> None:
    operator = shared_stack
    operator.edit("docker-compose.yml", lambda text: text.replace("window: 10s", "window: 300ms"))
    operators = 54321
    operator.stack.state.mkdir(mode=0o750)
    os.chown(operator.stack.state, 0, operators)
    operator.stack.state.chmod(0o2750)
    operator.rollout("up", deadline=240)
    operator.rollout("deploy")

    for path in sorted(operator.stack.state.rglob("*")):
        mode = path.stat().st_mode
        assert path.stat().st_gid == operators or mode & 0o004, f"{path} is not readable by the operators"
        assert mode & 0o040, f"{path} is not readable by its group"
    seen = as_user(operator, "status", groups=(operators, docker_group()))
    assert seen.returncode == 0, seen.stderr
    assert "green r2 serves" in seen.stdout
    for command in ("history", "receipt", "lock"):
        done = as_user(operator, command, groups=(operators, docker_group()))
        assert done.returncode == 0, done.stderr

    for arguments in (("status",), DEPLOY):
        done = as_user(operator, *arguments, groups=(operators,))
        assert done.returncode == 78, done.stderr
        assert "Traceback" not in done.stderr
        assert "this user may not use the Docker socket" in done.stderr
        assert "usermod -aG docker" in done.stderr

    outside = as_user(operator, "status", groups=(docker_group(),))
    assert outside.returncode in {1, 78}, outside.stdout
    assert "Traceback" not in outside.stderr
    assert "Permission denied" in outside.stderr
    before = operator.identities("app", "app_green", "proxy")
    unwritable = as_user(operator, *DEPLOY, groups=(operators, docker_group()))
    assert unwritable.returncode in {1, 3, 78}, unwritable.stdout
    assert "Traceback" not in unwritable.stderr
    assert "Permission denied" in unwritable.stderr
    assert operator.identities("app", "app_green", "proxy") == before
    assert operator.agreed() == "green"
