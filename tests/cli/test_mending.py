"""recover, lock, init, down, demo."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from console.model.color import Color
from console.model.plan import Action
from console.model.request import Outcome, RecoveryChoice, Request, Result
from tests.cli import samples
from tests.cli.conftest import Rollout
from tests.cli.fakes import Script, held, lock_held
from tests.cli.test_status import UNFINISHED


def test_recover_prints_the_verdict_and_each_way_on_as_a_command(rollout: Rollout) -> None:
    ran = rollout("recover", "-p", "shop", script=Script(verdict=UNFINISHED))
    assert ran.code == 1
    assert ran.out.startswith("rollout 18 never ended\n")
    for choice in ("resume", "rollback", "adopt"):
        assert f"rollout recover --{choice} -p shop\n" in ran.out
    assert ran.backend.sessions[0].asked == []


def test_recover_with_nothing_to_recover_is_0(rollout: Rollout) -> None:
    ran = rollout("recover")
    assert ran.code == 0
    assert "every rollout ended" in ran.out


@pytest.mark.parametrize("choice", list(RecoveryChoice))
def test_recover_carries_out_the_choice(rollout: Rollout, choice: RecoveryChoice) -> None:
    ran = rollout("recover", f"--{choice.value}", script=Script(verdict=UNFINISHED))
    assert ran.code == 0
    assert ran.backend.sessions[0].asked == [choice]


def test_recover_refuses_a_way_that_does_not_lead_on(rollout: Rollout) -> None:
    verdict = replace(UNFINISHED, choices=(RecoveryChoice.ADOPT,))
    ran = rollout("recover", "--resume", script=Script(verdict=verdict))
    assert ran.code == 3
    assert "ways on: adopt" in ran.err
    assert ran.backend.sessions[0].asked == []


def test_recover_read_only_shows_and_does_not_act(rollout: Rollout) -> None:
    assert rollout("recover", "--read-only", script=Script(verdict=UNFINISHED)).code == 1
    assert rollout("recover", "--adopt", "--read-only", script=Script(verdict=UNFINISHED)).code == 64


def test_recover_json_is_one_document(rollout: Rollout) -> None:
    document = rollout("recover", "--json", script=Script(verdict=UNFINISHED)).document
    assert document["type"] == "verdict"
    assert document["choices"] == ["resume", "rollback", "adopt"]


def test_a_free_lock_is_said_to_be_free(rollout: Rollout) -> None:
    assert rollout("lock").out == "the lock is free\n"
    assert rollout("lock", "break").code == 0


def test_a_held_lock_is_shown_with_its_holder(rollout: Rollout) -> None:
    ran = rollout("lock", script=Script(lock=held()))
    assert ran.code == 0
    assert ran.out == "held by sha on vm1, pid 4711, since 2026-03-01 12:00: rollout deploy\n"


def test_breaking_a_lock_without_a_terminal_must_be_said_outright(rollout: Rollout) -> None:
    ran = rollout("lock", "break", script=Script(lock=held()))
    assert ran.code == 64
    assert "rollout lock break --yes" in ran.err
    assert ran.backend.sessions[0].asked == []


def test_breaking_a_lock_outright_is_done_and_said(rollout: Rollout) -> None:
    ran = rollout("lock", "break", "--yes", script=Script(lock=held()))
    assert ran.code == 0
    assert ran.backend.sessions[0].asked == ["break the lock"]
    assert ran.out.startswith("broken: was held by sha")


def test_breaking_a_lock_read_only_is_refused(rollout: Rollout) -> None:
    assert rollout("lock", "break", "--yes", "--read-only", script=Script(lock=held())).code == 64


def test_the_lock_is_data_under_json(rollout: Rollout) -> None:
    assert rollout("lock", "--json").document == {"v": 1, "type": "lock", "state": "free", "holder": None}
    document = rollout("lock", "--json", script=Script(lock=held())).document
    assert (document["state"], document["holder"]["pid"]) == ("held", 4711)  # type: ignore[index]


def test_init_prints_what_belongs_into_the_users_files_and_writes_nothing(rollout: Rollout, tmp_path: Path) -> None:
    ran = rollout("init")
    assert ran.code == 0
    assert ran.out == "x-rollout:\n  service: app\n"
    assert "--write would write" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_init_writes_only_the_generated_parts(rollout: Rollout, tmp_path: Path) -> None:
    ran = rollout("init", "--write")
    assert ran.code == 0
    assert (tmp_path / "state" / "nginx" / "upstream.conf").read_text() == "# generated\n"
    assert not (tmp_path / ".env").exists()
    assert "unchanged" in rollout("init", "--write").err


def test_init_writes_the_environment_file_only_when_asked_and_keeps_its_mode(rollout: Rollout, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("SECRET=1\n")
    env.chmod(0o600)
    assert rollout("init", "--write-env").code == 0
    assert "state/colors.yml" in env.read_text()
    assert env.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env"]


def test_init_makes_the_override_before_the_environment_file_names_it(rollout: Rollout, tmp_path: Path) -> None:
    pins = tmp_path / "state" / "colors.yml"
    ran = rollout("init", "--write-env", script=Script(generated={pins: "services: {}\n"}))
    assert ran.code == 0
    assert pins.read_text() == "services: {}\n"
    assert ran.err.index("state/colors.yml") < ran.err.index(".env")
    assert not (tmp_path / "state" / "nginx").exists()
    assert "--write would write" in ran.err


def test_init_follows_an_environment_file_that_is_a_link(rollout: Rollout, tmp_path: Path) -> None:
    real = tmp_path / "shared.env"
    real.write_text("A=1\n")
    (tmp_path / ".env").symlink_to(real)
    assert rollout("init", "--write-env").code == 0
    assert (tmp_path / ".env").is_symlink()
    assert "state/colors.yml" in real.read_text()


def test_init_tells_of_a_place_it_can_not_write(rollout: Rollout, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    ran = rollout("init", "--write")
    assert ran.code == 1
    assert "Not a directory" in ran.err
    assert "Traceback" not in ran.err


def test_init_json_lists_what_is_generated_and_written(rollout: Rollout, tmp_path: Path) -> None:
    document = rollout("init", "--json", "--write").document
    path = str(tmp_path / "state" / "nginx" / "upstream.conf")
    assert (document["generated"], document["written"]) == ([path], [path])


def test_down_takes_the_stack_down_and_shows_the_command(rollout: Rollout) -> None:
    ran = rollout("down")
    assert ran.code == 0
    assert ran.backend.sessions[0].asked == ["take down"]
    assert "$ docker compose -p shop --profile green down\n" in ran.err


def test_down_refuses_while_a_rollout_runs(rollout: Rollout) -> None:
    assert rollout("down", script=Script(error=lock_held())).code == 75


@pytest.fixture
def receipt(tmp_path: Path) -> None:
    directory = tmp_path / "state" / "receipts"
    directory.mkdir(parents=True)
    (directory / "17.json").write_text(json.dumps({"version": 1} | asdict(samples.RECEIPT)))


@pytest.mark.usefixtures("receipt")
def test_the_demo_runs_its_deploys_and_prints_a_receipt(rollout: Rollout) -> None:
    ran = rollout("demo", "--headless", "--deploys", "3", script=Script(events=samples.GOOD))
    assert ran.code == 0
    assert ran.backend.sessions[0].asked == [Request(action=Action.DEPLOY)] * 3
    assert ran.out.startswith("receipt 17: deploy of shop")
    assert "deploy 3 of 3" in ran.err


@pytest.mark.usefixtures("receipt")
def test_the_demo_ends_with_the_first_deploy_that_fails_and_its_code(rollout: Rollout) -> None:
    outcome = Outcome(rollout=17, result=Result.ROLLED_BACK, active=Color.BLUE, message="blue serves again")
    ran = rollout("demo", "--headless", script=Script(outcome=outcome))
    assert ran.code == 2
    assert len(ran.backend.sessions[0].asked) == 1


@pytest.mark.usefixtures("receipt")
def test_the_demo_under_json_is_one_object_a_line(rollout: Rollout) -> None:
    ran = rollout("demo", "--headless", "--json", "--deploys", "1", script=Script(events=samples.GOOD))
    assert ran.documents[0]["type"] == "rollout_started"
    assert ran.documents[-1]["type"] == "receipt"
