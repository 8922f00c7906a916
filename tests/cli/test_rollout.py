from __future__ import annotations

import io
from pathlib import Path

import pytest

from console.cli.actor import current_actor
from console.model.color import Color
from console.model.plan import Action
from console.model.request import ImageSource, Outcome, Request, Result
from console.model.spec import LoadSpec
from tests.cli import samples
from tests.cli.conftest import Rollout
from tests.cli.fakes import Script

FAILED = Script(
    events=samples.FAILED,
    outcome=Outcome(rollout=17, result=Result.ROLLED_BACK, active=Color.BLUE, message="blue serves again"),
)


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        (("deploy",), Request(action=Action.DEPLOY)),
        (("deploy", "--image", "shop:42"), Request(action=Action.DEPLOY, image="shop:42")),
        (("deploy", "--source", "local"), Request(action=Action.DEPLOY, source=ImageSource.LOCAL)),
        (("deploy", "--no-cutover"), Request(action=Action.DEPLOY, cutover=False)),
        (("cutover",), Request(action=Action.CUTOVER)),
        (("drain",), Request(action=Action.DRAIN)),
        (("drain", "blue"), Request(action=Action.DRAIN, color=Color.BLUE)),
        (("rollback",), Request(action=Action.ROLLBACK)),
        (("rollback", "--to", "r41"), Request(action=Action.ROLLBACK, to_release=41)),
        (("retire",), Request(action=Action.RETIRE)),
        (("up",), Request(action=Action.UP)),
    ],
)
def test_each_command_asks_the_engine_for_exactly_what_was_typed(
    rollout: Rollout, argv: tuple[str, ...], request_: Request
) -> None:
    ran = rollout(*argv)
    assert ran.backend.sessions[0].asked == [request_]
    assert not ran.backend.sessions[0].read_only


@pytest.mark.parametrize(
    ("argv", "rate", "required"),
    [
        (("deploy", "--load"), 200.0, False),
        (("cutover", "--load", "50"), 50.0, False),
        (("rollback", "--load=0.5", "--require-zero-drops"), 0.5, True),
        (("deploy", "--require-zero-drops"), 200.0, True),
    ],
)
def test_load_is_sent_to_the_stacks_own_address_at_the_rate_that_was_asked_for(
    rollout: Rollout, argv: tuple[str, ...], *, rate: float, required: bool
) -> None:
    (asked,) = rollout(*argv).backend.sessions[0].asked
    assert isinstance(asked, Request)
    assert asked.load == LoadSpec(url="http://127.0.0.1:8080/", rate=rate)
    assert asked.require_zero_drops is required


def test_no_load_is_started_unless_it_is_asked_for(rollout: Rollout) -> None:
    (asked,) = rollout("deploy").backend.sessions[0].asked
    assert isinstance(asked, Request)
    assert asked.load is None


@pytest.mark.parametrize("rate", ["0", "-5", "fast", "1e9", "nan", "inf"])
def test_a_rate_beyond_reason_is_64(rollout: Rollout, rate: str) -> None:
    assert rollout("deploy", f"--load={rate}").code == 64


def test_a_good_deploy_is_told_step_by_step_on_stderr(rollout: Rollout) -> None:
    ran = rollout("deploy", script=Script(events=samples.GOOD))
    assert ran.out == ""
    assert "12:00:00 ✓ done    start green: 2 replicas  0.40 s\n" in ran.err
    assert "$ docker compose -p shop up -d --no-recreate app_green\n" in ran.err
    assert ran.err.endswith("✓ rollout 17 done after 1.50 s\n  now        green serves\n")
    assert "\r" not in ran.err
    assert "\x1b" not in ran.err


def test_a_failed_rollout_ends_with_what_was_tried_found_is_true_and_is_next(rollout: Rollout) -> None:
    ran = rollout("deploy", script=FAILED)
    assert ran.code == 2
    assert ran.err.endswith(
        "✗ rollout 17 rolled back after 4.20 s\n"
        "  attempted  smoke green through the proxy\n"
        "  found      status 500 instead of 200\n"
        "  now        blue serves again\n"
        "  next       rollout receipt 17\n"
    )


def test_the_logs_of_a_failed_replica_can_not_steer_the_terminal(rollout: Rollout) -> None:
    ran = rollout("deploy", script=FAILED)
    assert "| boom red\n" in ran.err
    assert "\x1b" not in ran.err


def test_next_commands_carry_the_flags_that_say_which_stack(rollout: Rollout) -> None:
    ran = rollout("-f", "my shop.yml", "deploy", "-p", "shop", script=FAILED)
    assert "next       rollout receipt 17 -f 'my shop.yml' -p shop\n" in ran.err


def test_json_writes_each_event_as_a_line_and_nothing_else_to_stdout(rollout: Rollout) -> None:
    ran = rollout("deploy", "--json", script=Script(events=samples.GOOD))
    assert [document["type"] for document in ran.documents][:3] == ["rollout_started", "phase_changed", "step_started"]
    assert [document["seq"] for document in ran.documents] == list(range(1, len(samples.GOOD) + 1))
    assert ran.documents[-1]["type"] == "rollout_finished"
    assert "✓" in ran.err


@pytest.mark.parametrize("command", ["up", "deploy", "cutover", "drain", "rollback", "retire"])
def test_plan_prints_what_would_be_done_and_does_nothing(rollout: Rollout, command: str) -> None:
    ran = rollout(command, "--plan")
    assert ran.code == 0
    assert ran.out.startswith(f"{command}: blue serves, target green\n")
    assert ran.backend.sessions[0].read_only


def test_plan_is_data_under_json(rollout: Rollout) -> None:
    steps = rollout("deploy", "--plan", "--json").document["steps"]
    assert isinstance(steps, list)
    assert [step["id"] for step in steps] == ["preflight", "start"]
    assert steps[1]["step"] == {"type": "StartReplicas", "color": "green", "replicas": 2, "migrate": True}
    assert steps[1]["after"] == ["preflight"]


@pytest.mark.parametrize("command", ["deploy", "cutover"])
def test_a_protected_stack_without_a_terminal_wants_its_name_as_a_flag(rollout: Rollout, command: str) -> None:
    ran = rollout(command, script=Script(protected=True))
    assert ran.code == 64
    assert f"rollout {command} --confirm shop" in ran.err
    assert ran.backend.sessions == []


def test_a_protected_stack_goes_on_when_its_name_was_given(rollout: Rollout) -> None:
    assert rollout("deploy", "--confirm", "shop", script=Script(protected=True)).code == 0


def test_a_protected_stack_refuses_the_name_of_another(rollout: Rollout) -> None:
    ran = rollout("deploy", "--confirm", "shop-staging", script=Script(protected=True))
    assert ran.code == 64
    assert ran.backend.sessions == []


def test_a_rollback_of_a_protected_stack_never_asks(rollout: Rollout) -> None:
    assert rollout("rollback", script=Script(protected=True)).code == 0


def test_a_plan_of_a_protected_stack_never_asks(rollout: Rollout) -> None:
    assert rollout("deploy", "--plan", script=Script(protected=True)).code == 0


def test_nothing_is_read_from_standard_input_without_a_terminal(
    rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("shop\n"))
    assert rollout("deploy", script=Script(protected=True)).code == 64


def test_the_actor_can_be_typed_again_without_credentials() -> None:
    actor = current_actor(["deploy", "--image", "a b", "--smoke-url", "http://me:secret@host/x"], {"SUDO_USER": "jo"})
    assert actor.command == "rollout deploy --image 'a b' --smoke-url 'http://***@host/x'"
    assert actor.user.endswith("(sudo by jo)")
    assert actor.pid > 0
    assert actor.host


def test_the_engine_is_told_who_asks(rollout: Rollout, tmp_path: Path) -> None:
    actor = rollout("deploy", "--state-dir", str(tmp_path)).backend.actors[0]
    assert actor.command == f"rollout deploy --state-dir {tmp_path}"
