from __future__ import annotations

import os

import pytest

from console.cli.parser import TextRequestedError, build, load_exists, parse
from console.model.errors import UsageError
from tests.cli.conftest import Rollout

COMMANDS = (
    *("up", "deploy", "cutover", "drain", "rollback", "retire"),
    *("status", "history", "receipt", "recover", "lock"),
    *("check", "load", "demo", "init", "down"),
)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_of_every_command_is_at_most_80_columns_wide(rollout: Rollout, command: str) -> None:
    ran = rollout(*filter(None, [command]), "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"usage: rollout {command}".rstrip())
    assert max(map(len, ran.out.splitlines())) <= 80
    assert ran.err == ""
    assert ran.backend.lines == []


def test_the_help_names_every_command_and_every_exit_code(rollout: Rollout) -> None:
    text = rollout("--help").out
    for command in COMMANDS:
        assert f"    {command} " in text
    for code in (0, 1, 2, 3, 64, 75, 78, 130):
        assert f" {code}  " in text


def test_the_version_is_one_line(rollout: Rollout) -> None:
    ran = rollout("--version")
    assert ran.code == 0
    assert ran.out.startswith("rollout ")
    assert ran.out.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("deplyo",), "did you mean deploy?"),
        (("deploy", "--imgae", "x"), "did you mean --image?"),
        (("deploy", "--image"), "--image"),
        (("deploy", "--smoke-timeout", "-5s"), "--smoke-timeout=VALUE"),
        (("deploy", "blue"), "unknown argument: blue"),
        (("drain", "red"), "not 'red'"),
        (("rollback", "--to", "x"), "'x'"),
        (("rollback", "--to", "-1"), "--to"),
        (("status", "--interval", "0"), "'0'"),
        (("history", "--limit", "0"), "'0'"),
        (("receipt", "--format", "pdf"), "not 'pdf'"),
        (("recover", "--resume", "--adopt"), "not allowed with"),
        (("lock", "steal"), "not 'steal'"),
        (("deploy", "--source", "moon"), "not 'moon'"),
        (("deploy", "--no-cut"), "did you mean --no-cutover?"),
        (("--imgae", "deploy"), "did you mean --image?"),
        (("--no-cutover", "deploy"), "(it stands after the command)"),
        (("load", "--rte", "5"), "did you mean --rate?"),
        (("load", "--dur", "5s"), "did you mean --duration?"),
        (("load", "--failon", "x"), "did you mean --fail-on?"),
        (("load", "--red-only"), "did you mean --read-only?"),
        (("demo", "--proxy", "haproxy"), "haproxy"),
        (("load", "--rate", "1e-20"), "from 0.001 to 100,000 were expected"),
        (("deploy", "--load", "1e-20"), "a second, from 0.001"),
    ],
)
def test_a_wrong_command_line_is_64_and_says_what_was_meant(rollout: Rollout, argv: tuple[str, ...], said: str) -> None:
    ran = rollout(*argv)
    assert ran.code == 64
    assert said in ran.err
    assert "--help" in ran.err
    assert ran.out == ""
    assert ran.backend.lines == []


def test_only_options_of_the_command_that_was_typed_are_suggested(rollout: Rollout) -> None:
    for argv, foreign in (
        (("status", "--imgae", "x"), "--image"),
        (("load", "--too", "5"), "--to"),
        (("load", "--sourc", "x"), "--source"),
        (("--imgae", "x"), "--image"),
    ):
        assert f"did you mean {foreign}?" not in rollout(*argv).err


def test_everything_that_is_wrong_with_the_options_of_load_is_told_at_once(rollout: Rollout) -> None:
    words = ("--rate", "abc", "--duration", "x", "--fail-on", "foo", "--expect", "99", "--nonsense", "-H", "x")
    ran = rollout("load", *words, "--json")
    assert ran.code == 64
    expected = ["--rate", "--duration", "--fail-on", "--expect", "--header", ""]
    problems = ran.document["problems"]
    assert isinstance(problems, list)
    assert [problem["where"] for problem in problems] == expected
    assert all(f"  {name}: " in ran.err for name in expected if name)
    assert "unknown argument: --nonsense" in ran.err


def test_a_mistake_that_ends_the_reading_is_told_with_those_before_it(rollout: Rollout) -> None:
    ran = rollout("load", "--rate", "abc", "--duration")
    assert ran.code == 64
    assert "--rate: requests a second" in ran.err
    assert "--duration needs a value" in ran.err


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("--connections", "100", "--max-connections", "10"), True),
        (("--connections", "1001"), True),
        (("--connections", "10", "--max-connections", "10"), False),
        (("--max-connections", "10"), False),
    ],
)
def test_no_more_connections_are_kept_alive_than_there_may_be(
    rollout: Rollout,
    words: tuple[str, ...],
    refused: bool,  # noqa: FBT001 - expected
) -> None:
    ran = rollout("load", "http://127.0.0.1:1/", "--read-only", *words)
    assert ("more than --max-connections" in ran.err) is refused
    assert ran.code == 64


def test_a_wrong_command_line_under_json_is_a_document_too(rollout: Rollout) -> None:
    ran = rollout("deploy", "--json", "--imgae", "x")
    assert ran.code == 64
    assert ran.document["type"] == "error"
    assert ran.document["error"] == "usage"
    assert ran.document["exit_code"] == 64
    assert ran.err


@pytest.mark.parametrize("command", ["status", "load"])
@pytest.mark.parametrize("before", [True, False])
def test_common_flags_stand_before_or_after_the_command(command: str, before: bool) -> None:  # noqa: FBT001 - a case
    flags = ["-p", "shop", "-f", "a.yml", "--state-dir", "s", "--json", "--plain", "--read-only", "--ascii"]
    line = parse([*flags, command] if before else [command, *flags])
    assert (line.command, line.project_name, line.files, line.state_dir) == (command, "shop", ("a.yml",), "s")
    assert line.json
    assert line.plain
    assert line.read_only
    assert line.ascii


@pytest.mark.parametrize("argv", [("--read-only", "load", "-f", "a.yml"), ("load", "-f", "a.yml", "--read-only")])
def test_read_only_refuses_load_as_it_does_every_act(rollout: Rollout, argv: tuple[str, ...]) -> None:
    ran = rollout(*argv, "http://127.0.0.1:1/", "--allow-remote")
    assert ran.code == 64
    assert "--read-only was given" in ran.err
    assert "next       rollout load -f a.yml http://127.0.0.1:1/ --allow-remote\n" in ran.err
    assert ran.backend.lines == []


def test_files_given_before_and_after_the_command_are_all_kept_in_order() -> None:
    assert parse(["-f", "a.yml", "-f", "b.yml", "deploy", "-f", "c.yml"]).files == ("a.yml", "b.yml", "c.yml")


def test_a_flag_after_the_command_wins_over_the_same_before_it() -> None:
    assert parse(["-p", "old", "status", "-p", "new"]).project_name == "new"


def test_a_bare_command_line_has_no_command() -> None:
    assert parse([]).command == ""
    assert parse(["--json"]).json


def test_abbreviated_options_are_refused_since_a_later_option_could_change_their_meaning() -> None:
    with pytest.raises(UsageError):
        parse(["deploy", "--imag", "x"])


def test_smoke_flags_stay_text_so_that_the_configuration_tells_every_problem_at_once() -> None:
    line = parse(["deploy", "--smoke-status", "nonsense", "--smoke-timeout=-5s"])
    assert (line.smoke_status, line.smoke_timeout) == ("nonsense", "-5s")


@pytest.mark.parametrize(("typed", "number"), [("41", 41), ("r41", 41), ("0", 0), ("r0", 0)])
def test_a_release_is_named_as_the_history_prints_it(typed: str, number: int) -> None:
    assert parse(["rollback", "--to", typed]).to_release == number


def test_the_load_generator_is_only_offered_where_it_exists() -> None:
    offered = "load " in build().format_help()
    assert offered == load_exists()


def test_help_of_a_command_wins_over_its_missing_arguments() -> None:
    with pytest.raises(TextRequestedError, match="rollout rollback"):
        parse(["rollback", "--help"])


def test_an_image_that_is_no_text_is_told_with_the_bytes_that_were_typed(rollout: Rollout) -> None:
    ran = rollout("deploy", "--image", os.fsdecode(b"shop:caf\xe9"))
    assert ran.code == 64
    assert "--image: text in UTF-8 was expected, not the bytes b'shop:caf\\xe9'" in " ".join(ran.err.split())
    assert ran.backend.lines == []
