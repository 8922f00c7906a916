from __future__ import annotations

import asyncio
import shlex
import sys
import time
from pathlib import Path

import pytest

from console.adapters.runtime import compose_command
from console.adapters.runtime.compose_command import ChildRunner
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from tests.support.processes import alive
from tests.unit.runtime.specs import environment, spec, twin

STACK = Path("/srv/my shop")
OVERRIDE = STACK / "state" / "colors.yml"
DESTRUCTIVE = {"down", "stop", "rm", "kill", "restart", "--no-deps", "--wait", "--force-recreate", "--remove-orphans"}


@pytest.fixture(autouse=True)
def _no_profiles_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)


def test_green_is_brought_up_alone_detached_with_its_profile_and_nothing_recreated() -> None:
    argv = compose_command.up(spec(STACK), Color.GREEN, override=OVERRIDE, replicas=2)
    assert shlex.join(argv) == (
        "docker compose -f '/srv/my shop/docker-compose.yml' -f '/srv/my shop/state/colors.yml' -p shop "
        "--project-directory '/srv/my shop' --profile green up -d --no-recreate --scale app_green=2 app_green"
    )
    assert not DESTRUCTIVE & set(argv)


def test_the_migrations_are_built_with_their_color_and_the_proxy_is_brought_up_with_it() -> None:
    assert compose_command.build(spec(STACK), Color.GREEN, override=None, also=("migrate",))[-3:] == (
        "build",
        "app_green",
        "migrate",
    )
    argv = compose_command.up(spec(STACK), Color.BLUE, override=OVERRIDE, replicas=1, also=("proxy",))
    assert argv[-3:] == ("app=1", "app", "proxy")


def test_blue_is_brought_up_without_the_green_profile() -> None:
    argv = compose_command.up(spec(STACK), Color.BLUE, override=OVERRIDE, replicas=1)
    assert argv[-1] == "app"
    assert "--profile" not in argv
    assert "app_green" not in " ".join(argv)
    assert not DESTRUCTIVE & set(argv)


def test_a_derived_twin_hides_behind_green_even_when_nothing_says_so(tmp_path: Path) -> None:
    argv = compose_command.up(twin(tmp_path), Color.GREEN, override=OVERRIDE, replicas=1)
    assert argv[argv.index("--profile") + 1] == "green"


def test_the_profiles_of_the_environment_are_not_lost_behind_the_flag() -> None:
    with environment(COMPOSE_PROFILES="data, web"):
        argv = compose_command.up(spec(STACK), Color.GREEN, override=OVERRIDE, replicas=1)
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "--profile"] == ["data", "web", "green"]


def test_the_profiles_of_the_env_file_count_unless_the_environment_has_its_own(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# COMPOSE_PROFILES=no\nOTHER=1\nexport COMPOSE_PROFILES='data,'\n")
    assert compose_command.environment_profiles(tmp_path) == ("data",)
    with environment(COMPOSE_PROFILES=""):
        assert compose_command.environment_profiles(tmp_path) == ()
    assert compose_command.environment_profiles(tmp_path / "missing") == ()


def test_a_build_names_one_service_and_leaves_the_override_out() -> None:
    argv = compose_command.build(spec(STACK), Color.BLUE, override=None)
    assert argv[-2:] == ("build", "app")
    assert str(OVERRIDE) not in argv


async def test_a_command_runs_in_a_session_of_its_own_without_input() -> None:
    code = (
        "import os, sys; print(os.getsid(0) == os.getpid(), not sys.stdin.read(), os.environ['COMPOSE_REMOVE_ORPHANS'])"
    )
    output = await ChildRunner().run((sys.executable, "-c", code), attempted="look", now="", deadline=30)
    assert output.split() == ["True", "True", "0"]


async def test_a_failure_carries_the_last_words_without_the_progress_and_the_command_to_type() -> None:
    code = "import sys; print(' Container shop-db-1  Running\\n\\x1b[31mno such image\\x1b[0m'); sys.exit(17)"
    argv = (sys.executable, "-c", code)
    with pytest.raises(RuntimeFailedError) as caught:
        await ChildRunner().run(argv, attempted="start green", now="blue serves", deadline=30)
    assert caught.value.found.endswith("ended with 17: no such image")
    assert caught.value.attempted == "start green"
    assert caught.value.now == "blue serves"
    assert caught.value.next_command == shlex.join(argv)


async def test_a_missing_command_is_an_error_of_ours() -> None:
    with pytest.raises(RuntimeFailedError, match="can't be run: No such file"):
        await ChildRunner().run(("/nowhere/docker",), attempted="look", now="", deadline=5)


async def test_cancelling_kills_the_command_and_its_children_even_when_they_ignore_the_request(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); child = os.fork()\n"
        "with open(sys.argv[1], 'a') as file: file.write(f'{os.getpid()}\\n')\n"
        "time.sleep(60)"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose_command, "TERMINATE_GRACE", 0.2)
        run = ChildRunner().run((sys.executable, "-c", code, str(pids)), attempted="wait", now="", deadline=60)
        task = asyncio.create_task(run)
        async with asyncio.timeout(30):
            while not pids.exists() or len(pids.read_text().split()) < 2:  # noqa: ASYNC110  # it waits for a process
                await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(10):
        while any(alive(int(pid)) for pid in pids.read_text().split()):  # noqa: ASYNC110  # the kernel's own pace
            await asyncio.sleep(0.02)


async def test_a_command_that_overstays_is_killed_and_told() -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeFailedError, match=r"did not end within 0\.2 s and was killed"):
        await ChildRunner().run(("sleep", "60"), attempted="wait", now="", deadline=0.2)
    assert time.monotonic() - began < 20


async def test_the_narration_has_each_command_once_shell_quoted() -> None:
    child = ChildRunner()
    await child.run(("echo", "two words"), attempted="say", now="", deadline=30)
    child.note("a remark")
    assert child.narration() == ("echo 'two words'", "# a remark")
    assert child.narration() == ()
