"""`rollout load` as a user runs it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.cli.main import main
from console.cli.output import CLOSE_DEADLINE
from console.config.load import load_spec
from console.config.options import Options
from console.model.errors import UsageError
from console.model.load import PROTOCOL_VERSION, Snapshot, Summary
from console.model.load_totals import merged
from console.model.load_wire import decode_message
from console.wiring import check_own_address
from tests.load.command import ENVIRONMENT, generator_of, rollout, started, wait_for_requests
from tests.load.fault_server import Fault, FaultServer


def plan_of(*numbers: int) -> Callable[[int], Fault | None]:
    return lambda number: Fault.STATUS_500 if number in numbers else None


def test_the_summary_tells_what_was_dropped_and_where(tmp_path: Path) -> None:
    with FaultServer(plan_of(20, 30)) as server:
        done = rollout(tmp_path, server.url, "--rate", "100", "--duration", "500ms", "--allow-remote")
    assert done.returncode == 0
    assert "2 dropped of 50 sent" in done.stdout
    assert "statuses: 200 x 48, 500 x 2" in done.stdout
    assert "status 500" in done.stdout
    assert "p99.9" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "dropped" in done.stderr  # the line a second


@pytest.mark.parametrize(("rule", "code"), [("dropped>=4%", 1), ("p90>30s", 0), ("p99>30s", 1)])
def test_a_threshold_decides_the_exit_code(rule: str, code: int, tmp_path: Path) -> None:
    with FaultServer(plan_of(20, 30)) as server:
        done = rollout(
            tmp_path, server.url, "--rate", "100", "--duration", "500ms", "--allow-remote", "--fail-on", rule
        )
    assert done.returncode == code
    assert rule in done.stdout


def test_a_run_that_could_not_send_everything_passes_no_threshold(tmp_path: Path) -> None:
    with FaultServer(lambda _: Fault.NEVER) as server:
        done = rollout(
            tmp_path, server.url, "--rate", "50", "--duration", "400ms", "--allow-remote", "--timeout", "4s",
            "--max-connections", "2", "--connections", "2", "--fail-on", "dropped>90%",
        )  # fmt: skip
    assert done.returncode == 1
    assert "18 not sent (connection cap 18): the run is invalid" in done.stdout


def test_a_run_that_sent_nothing_passes_no_threshold(tmp_path: Path) -> None:
    with FaultServer() as server:
        done = rollout(
            tmp_path, server.url, "--rate", "0.001", "--poisson", "--duration", "300ms", "--allow-remote",
            "--fail-on", "dropped>0",
        )  # fmt: skip
        assert server.books.requests == 0
    assert done.returncode == 1
    assert "no data: nothing was sent" in done.stdout


def test_a_time_limit_counts_what_got_no_answer(tmp_path: Path) -> None:
    with FaultServer(lambda number: Fault.NEVER if number % 2 else None) as server:
        done = rollout(
            tmp_path, server.url, "--rate", "50", "--duration", "500ms", "--allow-remote", "--timeout", "4s",
            "--fail-on", "p99>20s",
        )  # fmt: skip
    assert done.returncode == 1
    assert "p99>20s: beyond any limit, since 13 of 25 were dropped" in done.stdout


def test_where_few_connections_may_be_open_no_more_are_kept_alive_unasked(tmp_path: Path) -> None:
    with FaultServer() as server:
        words = ["--rate", "20", "--duration", "200ms", "--allow-remote", "--max-connections", "5"]
        done = rollout(tmp_path, server.url, *words)
    assert done.returncode == 0
    assert ", 5 kept-alive connections" in done.stdout.replace("\n", " ")


def test_json_is_lines_of_snapshots_and_a_summary_that_they_add_up_to(tmp_path: Path) -> None:
    with FaultServer() as server:
        done = rollout(tmp_path, server.url, "--rate", "100", "--duration", "500ms", "--allow-remote", "--json")
    *lines, verdict = done.stdout.splitlines()
    *snapshots, summary = [decode_message(line.encode()) for line in lines]
    assert isinstance(summary, Summary)
    assert summary.totals.due == 50
    assert sum(phase.due for one in snapshots if isinstance(one, Snapshot) for phase in one.phases) == 50
    assert json.loads(verdict) == {"type": "verdict", "v": 3, "valid": True, "thresholds": [], "exit": 0}
    plain = json.loads(lines[-1])
    histogram = merged(summary.groups).latency
    assert plain["latency"]["p99.9"] == histogram.quantile(0.999)
    assert plain["latency"]["max"] == histogram.maximum
    assert plain["send_lag"]["p50"] == summary.lag.quantile(0.5)
    assert plain["groups"][0]["statuses"] == {"200": 50}
    assert "0 dropped of 50 sent" in done.stderr


def test_without_a_stack_nothing_may_be_aimed_at_unless_it_is_asked_for(tmp_path: Path) -> None:
    with FaultServer() as server:
        done = rollout(tmp_path, server.url)
        requests = server.books.requests
    assert done.returncode == 64
    assert "--allow-remote" in done.stderr
    assert "nothing was sent" in done.stderr
    assert requests == 0


STACK = """\
x-rollout: {service: app, load: {url: "http://127.0.0.1:%(other)d/"}}
services:
  app: {image: "app:1"}
  proxy:
    image: nginx:1.30
    ports: ["127.0.0.1:%(own)d:80", "127.0.0.1:9080:9080"]
    volumes: ["./state/nginx:/etc/nginx/rollout"]
"""


def test_only_what_the_stacks_proxy_publishes_may_be_aimed_at_unasked(tmp_path: Path) -> None:
    with FaultServer() as own, FaultServer() as other:
        (tmp_path / "compose.yaml").write_text(STACK % {"own": own.port, "other": other.port})
        sent = rollout(tmp_path, own.url, "--rate", "20", "--duration", "200ms")
        refused = [rollout(tmp_path, *words) for words in ([], [other.url])]
        requests = (own.books.requests, other.books.requests)
    assert sent.returncode == 0
    assert [done.returncode for done in refused] == [64, 64]
    assert all("not published by this stack" in done.stderr for done in refused)
    assert all("next       rollout load --help" in done.stderr for done in refused)
    assert requests == (4, 0)


BROKEN = STACK.replace("x-rollout: {", "x-rollout: {port: many, standby: {kep: 1m}, ")


@pytest.mark.parametrize("remote", [[], ["--allow-remote"]], ids=["own", "remote"])
@pytest.mark.parametrize("named", [["-f", "broken.yml"], ["-f", "missing.yml"]], ids=lambda words: words[-1])
def test_a_file_that_was_named_is_read_or_refused_whatever_is_aimed_at(
    named: list[str], remote: list[str], tmp_path: Path
) -> None:
    with FaultServer() as server:
        (tmp_path / "broken.yml").write_text(BROKEN % {"own": server.port, "other": server.port})
        done = rollout(tmp_path, *named, server.url, "--rate", "20", "--duration", "200ms", *remote)
        requests = server.books.requests
    expected = {"broken.yml": ["x-rollout.port", "x-rollout.standby.kep"], "missing.yml": ["missing.yml: there is no"]}
    assert done.returncode == 78
    assert all(problem in done.stderr for problem in expected[named[-1]])
    assert requests == 0


def test_a_file_that_the_environment_names_counts_as_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("COMPOSE_FILE", "ROLLOUT_COMPOSE_FILE"):
        with monkeypatch.context() as patched:
            patched.setenv(name, "missing.yml")
            assert main(["load", "http://127.0.0.1:1/", "--allow-remote"]) == 78


def test_a_broken_file_here_is_told_where_it_says_what_may_be_aimed_at(tmp_path: Path) -> None:
    with FaultServer() as server:
        (tmp_path / "compose.yaml").write_text(BROKEN % {"own": server.port, "other": server.port})
        done = rollout(tmp_path, server.url)
        requests = server.books.requests
    assert done.returncode == 78
    assert "x-rollout.standby.kep" in done.stderr
    assert requests == 0


def test_a_broken_file_here_keeps_no_load_from_elsewhere_but_its_rate_is_not_used_in_silence(tmp_path: Path) -> None:
    with FaultServer() as server:
        (tmp_path / "compose.yaml").write_text(BROKEN % {"own": server.port, "other": server.port})
        words = [server.url, "--allow-remote", "--duration", "200ms"]
        done, told = rollout(tmp_path, *words), rollout(tmp_path, *words, "--rate", "10")
    assert (done.returncode, told.returncode) == (0, 0)
    assert "configuration here is wrong (2 problems): 100 requests a second, not its own rate" in done.stderr
    assert "0 dropped of 20 sent" in done.stdout
    assert "configuration" not in told.stderr


def test_the_stacks_own_rate_is_the_default_wherever_the_load_is_aimed(tmp_path: Path) -> None:
    with FaultServer() as server:
        stack = STACK.replace("load: {", "load: {rate: 50, ") % {"own": server.port, "other": server.port}
        (tmp_path / "compose.yaml").write_text(stack)
        for remote in ([], ["--allow-remote"]):
            done = rollout(tmp_path, server.url, "--duration", "400ms", *remote)
            assert "0 dropped of 20 sent" in done.stdout


def test_a_rollout_may_aim_at_nothing_else_either_whatever_its_stacks_configuration_names(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(STACK % {"own": 18_080, "other": 18_081})
    spec = load_spec(Options(directory=tmp_path), os.environ)
    assert spec.load is not None
    check_own_address(spec, "http://127.0.0.1:18080/")
    with pytest.raises(UsageError, match=r"18081 of 127\.0\.0\.1 is not published by this stack"):
        check_own_address(spec, spec.load.url)


@pytest.mark.parametrize(
    "words",
    [
        ["http://127.0.0.1/", "--rate", "0"],
        ["http://127.0.0.1/", "--rate", "200001"],
        ["http://127.0.0.1/", "--duration", "25h"],
        ["http://127.0.0.1/", "--duration", "10"],
        ["http://127.0.0.1/", "--fail-on", "nonsense>1"],
        ["http://127.0.0.1/", "--header", "no colon"],
        ["http://127.0.0.1/", "--fresh", "101"],
        ["http://127.0.0.1/", "--expect", "20"],
        ["http://127.0.0.1/", "--allow-remote", "--method", "CONNECT"],
        ["nonsense", "--allow-remote"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_is_a_usage_error(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["load", *words]) == 64


def test_what_is_no_text_is_told_at_once_with_every_other_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = os.fsdecode(b"caf\xe9")
    options = ["--method", "--release-from", "--ca-file"]
    words = [f"http://{bad}/", "-H", f"{bad}: x", *(word for option in options for word in (option, bad))]
    assert main(["load", *words, "--rate", "nonsense"]) == 64
    told = capfd.readouterr().err
    for option in ("URL", "--header", *options):
        assert f"{option}: text in UTF-8 was expected, not the bytes b'" in told
    assert "--rate: requests a second" in told


def test_a_body_and_a_header_go_out_byte_for_byte_as_they_were_typed(tmp_path: Path) -> None:
    typed = b"caf\xe9 \xe2\x82\xac"
    with FaultServer() as server:
        words = ["--rate", "20", "--duration", "100ms", "--allow-remote", "--body", typed, "-H", b"X-Name: " + typed]
        rollout(tmp_path, server.url, *map(os.fsdecode, words))
    assert b"\r\nX-Name: " + typed + b"\r\n" in server.books.last
    assert server.books.last.endswith(b"\r\nContent-Length: 8\r\n\r\n" + typed)


@pytest.mark.parametrize("kind", ["sparse file", "endless device"])
def test_too_long_a_body_is_told_before_anything_is_sent(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    body = Path("/dev/zero")
    if kind == "sparse file":
        body = Path("body")
        with body.open("wb") as file:
            file.truncate(60_000_000)
    assert main(["load", "http://127.0.0.1:9/", "--allow-remote", "--body-file", str(body)]) == 64
    told = " ".join(capfd.readouterr().err.split())
    assert f"{body}: it is longer than the 16,777,216 bytes that are sent at most" in told


def test_an_interrupt_ends_the_schedule_and_still_prints_the_summary(tmp_path: Path) -> None:
    with FaultServer() as server:
        process = started(tmp_path, server.url, "--rate", "100", "--duration", "1m", "--allow-remote")
        wait_for_requests(server, 20)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        answers = server.books.answers
    assert process.returncode == 130
    assert f"0 dropped of {answers:,} sent".encode() in output


def test_a_second_interrupt_waits_for_nothing_and_tells_what_was_known(tmp_path: Path) -> None:
    with FaultServer(lambda number: Fault.NEVER if number > 10 else None) as server:
        process = started(tmp_path, server.url, "--rate", "50", "--duration", "1m", "--allow-remote")
        wait_for_requests(server, 40)
        process.send_signal(signal.SIGINT)
        time.sleep(1.5)  # two that come at once are one
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"0 dropped of 10 with an outcome, ok 10," in output
    assert re.search(rb"[1-9]\d+ in flight, whose outcome is unknown", output)
    assert b"died" not in errors


def test_one_interrupt_ends_a_run_whose_generator_stalled_and_says_why(tmp_path: Path) -> None:
    with FaultServer() as server:
        words = ["--rate", "50", "--duration", "5m", "--timeout", "1m", "--allow-remote"]
        process = started(tmp_path, server.url, *words)
        wait_for_requests(server, 20)
        os.kill(generator_of(process), signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"it stalled, and was ended" in output.replace(b"\n  ", b" ")
    assert b"signal" not in output


def test_a_generator_that_stalls_is_told_and_does_not_outlast_the_bound(tmp_path: Path) -> None:
    with FaultServer() as server:
        words = ["--rate", "50", "--duration", "6s", "--timeout", "100ms", "--allow-remote"]
        process = started(tmp_path, server.url, *words)
        wait_for_requests(server, 20)
        os.kill(generator_of(process), signal.SIGSTOP)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"no data: the load generator has said nothing for 2 s" in errors
    assert b"has said nothing for" in errors.partition(b"measure to the end")[2]
    assert b"killed" not in errors


def test_a_generator_that_somebody_else_ended_did_not_measure_what_was_asked_for(tmp_path: Path) -> None:
    with FaultServer() as server:
        process = started(tmp_path, server.url, "--rate", "50", "--duration", "1m", "--allow-remote")
        wait_for_requests(server, 20)
        child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(child, signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"0 dropped of " in output
    assert b"could not measure to the end" in errors


def test_every_line_of_the_json_stream_has_the_same_version(tmp_path: Path) -> None:
    with FaultServer() as server:
        process = started(tmp_path, server.url, "--rate", "50", "--duration", "1m", "--allow-remote", "--json")
        wait_for_requests(server, 30)
        os.kill(generator_of(process), signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["type"] for line in lines} == {"snapshot", "error"}
    assert len({line["v"] for line in lines}) == 1


@pytest.mark.parametrize("words", [("--rate", "0"), ("--nonsense",), ("http://127.0.0.1:1/",)], ids=" ".join)
def test_an_error_before_the_json_stream_has_the_version_of_the_stream(words: tuple[str, ...], tmp_path: Path) -> None:
    done = rollout(tmp_path, *words, "--json")
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 64
    assert (line["v"], line["type"], line["error"]) == (PROTOCOL_VERSION, "error", "usage")


def test_a_reader_of_the_json_stream_that_is_blocked_beyond_the_end_still_gets_it_whole(tmp_path: Path) -> None:
    with FaultServer() as server:
        process = started(tmp_path, server.url, "--rate", "200", "--duration", "5s", "--allow-remote", "--json")
        assert process.stdout is not None
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        wait_for_requests(server, 1000)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(CLOSE_DEADLINE + 4)
        output, _ = process.communicate(timeout=60)
    *snapshots, summary = [decode_message(line) for line in output.splitlines()[:-1]]
    assert process.returncode == 0
    assert isinstance(summary, Summary)
    assert len(snapshots) == summary.snapshots


def test_a_stream_that_does_not_fit_on_the_disk_is_no_success(tmp_path: Path) -> None:
    with FaultServer() as server, Path("/dev/full").open("wb") as full:
        words = ["load", server.url, "--rate", "50", "--duration", "300ms", "--allow-remote", "--json"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "console.cli.main", *words],
            cwd=tmp_path, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
