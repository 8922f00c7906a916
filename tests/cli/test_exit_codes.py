from __future__ import annotations

import pytest

from console.cli.exit_codes import MEANINGS, ExitCode, exit_code
from console.model.errors import (
    ConfigError,
    CutOffError,
    LockHeldError,
    LockLostError,
    Problem,
    ProxyUnreachableError,
    ReadOnlyError,
    RefusedError,
    RolloutError,
    RuntimeFailedError,
    RuntimeUnreachableError,
    UsageError,
)
from console.model.request import Outcome, Result
from tests.cli.conftest import Rollout
from tests.cli.fakes import Script, lock_held

BROKEN = ConfigError((Problem(where="x-rollout.drain", message="a duration was expected", hint="say 30s"),))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("do it", "no"), 64),
        (ReadOnlyError("do it", "no"), 64),
        (BROKEN, 78),
        (RuntimeUnreachableError("do it", "no daemon"), 78),
        (LockHeldError("do it", "held"), 75),
        (RefusedError("do it", "no"), 3),
        (CutOffError("do it", "ended at once"), 130),
        (LockLostError("do it", "lost"), 1),
        (RuntimeFailedError("do it", "failed"), 1),
        (ProxyUnreachableError("do it", "gone"), 1),
        (RolloutError("do it", "odd"), 1),
    ],
)
def test_every_error_has_its_code(error: RolloutError, code: int) -> None:
    assert exit_code(error) == code


def test_the_engine_and_the_command_line_agree_on_the_codes_of_outcomes() -> None:
    assert {result.value: result.exit_code for result in Result} == {
        "done": ExitCode.DONE,
        "rolled_back": ExitCode.ROLLED_BACK,
        "aborted": ExitCode.ABORTED,
        "needs_human": ExitCode.NEEDS_HUMAN,
        "interrupted": ExitCode.INTERRUPTED,
    }


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)
    assert ExitCode.ROLLED_BACK.meaning.startswith("rolled back cleanly")


@pytest.mark.parametrize("result", list(Result))
@pytest.mark.parametrize("command", ["up", "deploy", "cutover", "drain", "rollback", "retire"])
def test_a_rollout_ends_with_the_code_of_its_outcome(rollout: Rollout, command: str, result: Result) -> None:
    outcome = Outcome(rollout=17, result=result, active=None, message="so it is")
    ran = rollout(command, script=Script(outcome=outcome))
    assert ran.code == result.exit_code
    assert "so it is" in ran.err
    assert ran.out == ""
    assert ran.backend.sessions[0].closed


@pytest.mark.parametrize("command", ["up", "deploy", "cutover", "drain", "rollback", "retire"])
def test_a_held_lock_is_75_and_says_who_holds_it(rollout: Rollout, command: str) -> None:
    ran = rollout(command, script=Script(error=lock_held()))
    assert ran.code == 75
    assert "sha on vm1 (pid 4711)" in ran.err
    assert "rollout status --watch" in ran.err


@pytest.mark.parametrize(
    "argv",
    [
        ("deploy",),
        ("cutover",),
        ("drain",),
        ("rollback",),
        ("retire",),
        ("status",),
        ("history",),
        ("receipt",),
        ("recover",),
        ("lock",),
        ("check",),
        ("up",),
        ("down",),
        (),
    ],
)
def test_a_wrong_configuration_is_78_in_every_command_with_each_problem_in_its_place(
    rollout: Rollout, argv: tuple[str, ...]
) -> None:
    ran = rollout(*argv, script=Script(config_error=BROKEN))
    assert ran.code == 78
    assert "x-rollout.drain: a duration was expected" in ran.err
    assert "say 30s" in ran.err
    assert "Traceback" not in ran.err
    assert ran.backend.sessions == []


def test_a_runtime_that_fails_before_anything_began_is_3_since_nothing_changed(rollout: Rollout) -> None:
    error = RuntimeFailedError("list the replicas", "the engine gave no answer", next_command="docker info")
    ran = rollout("deploy", script=Script(error=error))
    assert ran.code == 3
    assert "could not list the replicas" in ran.err
    assert "nothing was changed" in ran.err
    assert "docker info" in ran.err


def test_a_missing_docker_daemon_is_78(rollout: Rollout) -> None:
    error = RuntimeUnreachableError("list the replicas", "no Docker engine answers")
    assert rollout("deploy", script=Script(error=error)).code == 78
    assert rollout("status", script=Script(error=error)).code == 78


def test_a_runtime_that_fails_under_status_is_1(rollout: Rollout) -> None:
    ran = rollout("status", script=Script(error=RuntimeFailedError("list the replicas", "the engine hangs")))
    assert ran.code == 1
    assert "the engine hangs" in ran.err


@pytest.mark.parametrize("command", ["up", "deploy", "cutover", "drain", "rollback", "retire"])
def test_read_only_refuses_to_act_with_64(rollout: Rollout, command: str) -> None:
    ran = rollout("--read-only", command)
    assert ran.code == 64
    assert ran.backend.sessions[0].asked == []


@pytest.mark.parametrize("argv", [("up",), ("down",), ("init", "--write"), ("init", "--write-env")])
def test_read_only_refuses_what_does_not_go_through_the_engine(rollout: Rollout, argv: tuple[str, ...]) -> None:
    ran = rollout(*argv, "--read-only")
    assert ran.code == 64
    assert [session.asked for session in ran.backend.sessions] in ([], [[]])
    assert list(ran.backend.directory.iterdir()) == []


def test_an_unreadable_file_is_told_without_a_traceback(rollout: Rollout) -> None:
    class Unreadable(Script):
        @property
        def config_error(self) -> None:  # type: ignore[override]
            raise PermissionError(13, "Permission denied", "/srv/shop/.env")

        @config_error.setter
        def config_error(self, value: object) -> None:
            assert value is None

    ran = rollout("status", script=Unreadable())
    assert ran.code == 1
    assert "Permission denied: /srv/shop/.env" in ran.err
    assert "next       ls -ld /srv/shop/.env\n" in ran.err
    assert "Traceback" not in ran.err
