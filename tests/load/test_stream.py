"""`rollout load --json` as a script reads it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.load.command import generator_of, rollout, started, wait_for_requests
from tests.load.fault_server import Fault, FaultServer


def next_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


def ended_unread(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """The exit code, and what people are told, once the reader has seen enough, as `head -1` has."""
    next_line(process)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    try:
        with process.stderr:
            return process.wait(60), process.stderr.read()
    finally:
        process.kill()


def test_a_reader_who_goes_away_ends_the_load(tmp_path: Path) -> None:
    with FaultServer() as server:
        process = started(tmp_path, server.url, "--rate", "50", "--duration", "1h", "--allow-remote", "--json")
        code, errors = ended_unread(process)
    assert code == 0
    assert b"nobody reads standard output any more: ends the load" in errors
    assert b"0 dropped of " in errors


@pytest.mark.parametrize(("rule", "code"), [("dropped>0", 0), ("ok>99", 1)])
def test_a_reader_who_goes_away_leaves_the_load_to_whom_waits_for_its_verdict(
    rule: str, code: int, tmp_path: Path
) -> None:
    with FaultServer() as server:
        words = ["--rate", "50", "--duration", "3s", "--allow-remote", "--json", "--fail-on", rule]
        process = started(tmp_path, server.url, *words)
        found, errors = ended_unread(process)
        assert server.books.requests == 150
    assert found == code
    assert b"nobody reads" not in errors


def test_a_run_that_is_cut_off_says_so_in_its_last_line(tmp_path: Path) -> None:
    with FaultServer(lambda number: Fault.NEVER if number > 10 else None) as server:
        process = started(tmp_path, server.url, "--rate", "50", "--duration", "1m", "--allow-remote", "--json")
        wait_for_requests(server, 40)
        process.send_signal(signal.SIGINT)
        time.sleep(1.5)  # two that come at once are one
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    last = json.loads(output.splitlines()[-1])
    assert process.returncode == 130
    assert (last["type"], last["v"], last["error"], last["exit_code"]) == ("error", 3, "cutoff", 130)
    assert "ended at once" in last["found"]
    assert last["now"].startswith("0 of 10 requests were dropped up to then")
    assert b"could not" not in errors


def test_a_generator_that_is_silent_is_no_data_for_a_script_too(tmp_path: Path) -> None:
    with FaultServer() as server:
        process = started(tmp_path, server.url, "--rate", "50", "--duration", "1m", "--allow-remote", "--json")
        assert next_line(process)["type"] == "snapshot"
        child = generator_of(process)
        begun = time.time()
        os.kill(child, signal.SIGSTOP)
        try:
            while (line := next_line(process))["type"] == "snapshot":
                pass
        finally:
            os.kill(child, signal.SIGCONT)
        assert next_line(process)["type"] == "snapshot"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert line["type"] == "no-data"
    assert line["v"] == 3
    assert line["problem"].startswith("the load generator has said nothing for ")
    assert begun < line["at"] < time.time()


def test_the_last_line_is_the_verdict_on_every_threshold(tmp_path: Path) -> None:
    rules = ["dropped>0", "dropped>=4%", "p99>30s", "p50>30s", "rate<1"]
    with FaultServer(lambda number: Fault.STATUS_500 if number in {20, 30} else None) as server:
        words = [server.url, "--rate", "100", "--duration", "500ms", "--allow-remote", "--json"]
        done = rollout(tmp_path, *words, *(word for rule in rules for word in ("--fail-on", rule)))
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], last["v"], last["valid"], last["exit"]) == ("verdict", 3, True, 1)
    assert done.returncode == 1
    judged = {one["threshold"]: one for one in last["thresholds"]}
    assert [judged[rule]["failed"] for rule in rules] == [True, True, True, False, False]
    assert judged["dropped>0"]["value"] == 2
    assert judged["dropped>=4%"]["value"] == 0.04
    assert judged["p99>30s"]["value"] is None
    assert judged["p99>30s"]["found"] == "beyond any limit, since 2 of 50 were dropped"
    assert 0 < judged["p50>30s"]["value"] < 30


def test_a_run_that_was_interrupted_or_could_not_send_everything_says_so_in_its_verdict(tmp_path: Path) -> None:
    with FaultServer(lambda _: Fault.NEVER) as server:
        words = ["--max-connections", "2", "--connections", "2", "--timeout", "1s", "--fail-on", "dropped>99%"]
        process = started(tmp_path, server.url, "--duration", "1m", *words, "--allow-remote", "--json")
        while not next_line(process)["totals"]["not_sent"]:
            pass
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    last = json.loads(output.splitlines()[-1])
    assert (last["valid"], last["exit"], process.returncode) == (False, 130, 130)
