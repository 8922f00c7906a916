"""Real processes: signals, closed pipes, stalled readers, terminals."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from console.cli.output import CLOSE_DEADLINE
from console.model.receipt import ReceiptLogs
from tests.cli import samples

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("run_fake.py")
DEADLINE = 60.0

Start = Callable[..., "subprocess.Popen[bytes]"]


def arguments(scenario: str, directory: Path, *argv: str) -> list[str]:
    """The command line of a scripted process."""
    return [sys.executable, str(SCRIPT), scenario, str(directory), *argv]


def environment(**changes: str) -> dict[str, str]:
    """A plain environment in which the tree is found."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm"} | changes


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(scenario: str, *argv: str, **streams: int) -> subprocess.Popen[bytes]:
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        process = subprocess.Popen(
            arguments(scenario, tmp_path, *argv), env=environment(), start_new_session=True, **settings
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def read_until(descriptor: int, *words: bytes) -> bytes:
    """Read until all words came."""
    end = time.monotonic() + DEADLINE
    text = b""
    while not all(word in text for word in words):
        left = end - time.monotonic()
        assert left > 0, f"{words!r} did not come: {text!r}"
        ready, _, _ = select.select([descriptor], [], [], left)
        if ready:
            try:
                chunk = os.read(descriptor, 65536)
            except OSError as error:
                if error.errno != errno.EIO:  # how a pseudo-terminal says that the other end is closed
                    raise
                chunk = b""
            assert chunk or all(word in text for word in words), f"{words!r} did not come: {text!r}"
            text += chunk
    return text


def stderr_of(process: subprocess.Popen[bytes]) -> int:
    assert process.stderr is not None
    return process.stderr.fileno()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_rollout_safely_with_130(start: Start, number: signal.Signals) -> None:
    process = start("waiting", "deploy")
    read_until(stderr_of(process), b"rollout 17", b"wait until green is ready")
    process.send_signal(number)
    text = read_until(stderr_of(process), b"interrupted, ended safely")
    assert f"{number.name}: ending safely, waiting for wait until green is ready".encode() in text
    assert process.wait(DEADLINE) == 130


def test_a_second_signal_repeats_what_is_waited_for_and_kills_nothing(start: Start) -> None:
    process = start("ending slowly", "deploy")
    read_until(stderr_of(process), b"wait until green is ready")
    process.send_signal(signal.SIGINT)
    read_until(stderr_of(process), b"SIGINT: ending safely")
    process.send_signal(signal.SIGTERM)
    text = read_until(stderr_of(process), b"ended safely")
    assert b"SIGTERM: still ending safely, waiting for wait until green is" in text
    assert process.wait(DEADLINE) == 130


def test_signals_until_the_very_end_do_not_change_how_it_ended(start: Start) -> None:
    process = start("waiting", "deploy")
    read_until(stderr_of(process), b"wait until green is ready")
    until = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < until:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        time.sleep(0.001)
    assert process.poll() == 130


def test_a_hang_up_lets_the_rollout_finish(start: Start) -> None:
    process = start("lasting", "deploy")
    read_until(stderr_of(process), b"rollout 17")
    process.send_signal(signal.SIGHUP)
    read_until(stderr_of(process), b"the rollout goes on", b"rollout 17 done")
    assert process.wait(DEADLINE) == 0


def test_readers_that_go_away_do_not_break_a_rollout(start: Start) -> None:
    process = start("flood", "deploy", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    json.loads(process.stdout.readline())
    process.stdout.close()
    process.stderr.close()
    assert process.wait(DEADLINE) == 0


def test_a_closed_stdout_is_no_error(tmp_path: Path) -> None:
    command = 'exec "$@" >&-'
    done = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *arguments("good", tmp_path, "deploy", "--json")],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0
    assert b"rollout 17 done" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_stalls_does_not_hold_the_rollout_up(start: Start, tmp_path: Path) -> None:
    read, write = os.pipe()
    try:
        process = start("flood", "deploy", stdout=write, stderr=write)
        began = time.monotonic()
        assert process.wait(DEADLINE) == 0, "nobody ever read a byte"
        assert time.monotonic() - began < DEADLINE
    finally:
        os.close(read)
        os.close(write)
    assert tmp_path.exists()


def test_the_exit_code_survives_a_full_pipe_of_json(start: Start) -> None:
    process = start("failed", "deploy", "--json")
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 2
    assert [json.loads(line)["v"] for line in out.splitlines()] == [1] * len(out.splitlines())
    assert b"rolled back" in err


@pytest.fixture
def long_receipt(tmp_path: Path) -> str:
    """What a receipt that no pipe holds at once is printed as."""
    directory = tmp_path / "state" / "receipts"
    directory.mkdir(parents=True)
    logs = tuple(ReceiptLogs(replica=f"green-{number}", lines=("x" * 100,) * 1000) for number in range(3))
    text = json.dumps({"version": 1} | asdict(replace(samples.RECEIPT, logs=logs)), indent=2) + "\n"
    (directory / "17.json").write_text(text)
    return text


def test_a_receipt_is_printed_whole_however_slowly_it_is_read(start: Start, long_receipt: str) -> None:
    process = start("good", "receipt", "--format", "json")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(CLOSE_DEADLINE + 3)
    out, _ = process.communicate(timeout=DEADLINE)
    assert out.decode() == long_receipt
    assert process.returncode == 0


@pytest.mark.usefixtures("long_receipt")
def test_an_interrupt_ends_the_wait_for_a_slow_reader(start: Start) -> None:
    process = start("good", "receipt", "--json")
    assert process.stdout is not None
    read_until(process.stdout.fileno(), b"{")
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 130


@pytest.mark.usefixtures("long_receipt")
def test_a_reader_of_a_receipt_that_goes_away_has_read_enough(start: Start) -> None:
    process = start("good", "receipt", "--format", "json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(DEADLINE) == 0


@pytest.mark.usefixtures("long_receipt")
def test_a_receipt_that_does_not_fit_on_the_disk_is_no_success(start: Start) -> None:
    with Path("/dev/full").open("wb") as full:
        process = start("good", "receipt", "--json", stdout=full.fileno())
    _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert b"could not write the output" in errors or b"No space left on device" in errors
    assert b"Traceback" not in errors


class Terminal:
    """A pseudo-terminal with a process on it."""

    def __init__(self, scenario: str, directory: Path, *argv: str, **variables: str) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        self.process = subprocess.Popen(
            arguments(scenario, directory, *argv),
            env=environment(**variables),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def run(scenario: str, *argv: str, **variables: str) -> Terminal:
        opened.append(Terminal(scenario, tmp_path, *argv, **variables))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


def test_on_a_terminal_one_status_line_is_rewritten_in_colour(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("lasting", "deploy")
    text = read_until(screen.master, b"rollout 17 done")
    assert b"\r\x1b[2K" in text
    assert b"\x1b[36m" in text
    assert screen.process.wait(DEADLINE) == 0


def test_plain_on_a_terminal_moves_no_cursor(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("lasting", "deploy", "--plain")
    text = read_until(screen.master, b"rollout 17 done")
    assert b"\x1b[2K" not in text


def test_no_color_is_heard(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("good", "deploy", NO_COLOR="1")
    text = read_until(screen.master, b"rollout 17 done")
    assert b"\x1b[3" not in text


def test_a_terminal_that_hangs_up_does_not_end_the_rollout(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("lasting", "deploy")
    read_until(screen.master, b"rollout 17")
    os.close(screen.master)
    screen.master = -1
    screen.process.send_signal(signal.SIGHUP)
    assert screen.process.wait(DEADLINE) == 0


def test_a_protected_stack_asks_for_its_name_on_a_terminal(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("protected", "deploy")
    read_until(screen.master, b"Type its name to deploy: ")
    screen.type("shop\n")
    read_until(screen.master, b"rollout 17 done")
    assert screen.process.wait(DEADLINE) == 0


def test_a_wrong_name_aborts_before_anything(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("protected", "deploy")
    read_until(screen.master, b"Type its name to deploy: ")
    screen.type("shopping\n")
    read_until(screen.master, b"its name was not typed", b"--confirm shop")
    assert screen.process.wait(DEADLINE) == 3


def test_recover_asks_for_the_way_on_where_somebody_can_answer(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("unfinished", "recover")
    read_until(screen.master, b"Which way on?")
    screen.type("adopt\n")
    read_until(screen.master, b"rollout 17 done")
    assert screen.process.wait(DEADLINE) == 0


def test_breaking_a_lock_is_asked_for_and_no_is_the_default(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("held", "lock", "break")
    read_until(screen.master, b"Break it? [y/N]")
    screen.type("\n")
    read_until(screen.master, b"the answer was not yes")
    assert screen.process.wait(DEADLINE) == 3


def test_ctrl_c_at_a_question_is_130(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("protected", "deploy")
    read_until(screen.master, b"Type its name to deploy: ")
    screen.process.send_signal(signal.SIGINT)
    read_until(screen.master, b"interrupted")
    assert screen.process.wait(DEADLINE) == 130


def test_watch_draws_on_a_terminal_and_ends_with_ctrl_c(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("good", "status", "--watch")
    text = read_until(screen.master, b"\r\x1b[8A")
    report, _, _ = text.partition(b"\r\x1b[8A")
    assert b"green serves" in report
    assert report.count(b"\n") == 8
    assert not re.search(rb"\x1b\[\d*[HJ]", report), "what stood above was moved or cleared"
    screen.process.send_signal(signal.SIGINT)
    assert screen.process.wait(DEADLINE) == 130


def test_watch_ends_when_its_reader_goes_away(start: Start) -> None:
    process = start("changing", "status", "--watch", "--interval", "0.1")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(DEADLINE) == 0


def test_plain_on_a_terminal_follows_what_others_do_until_ctrl_c(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("others", "--plain")
    text = read_until(screen.master, b"rollout 17 done", b"no longer: DRIFT")
    assert text.count(b"rollback ready") == 1, "the status more than once"
    told = [
        b"rollout 17 of shop: deploy",
        b"$ docker compose -p shop up",
        b"see green serve",
        b"DRIFT: state says blue",
        b"no longer: DRIFT",
    ]
    assert [word for word in told if word not in text] == []
    assert b"\x1b[2K" not in text
    screen.process.send_signal(signal.SIGINT)  # the terminal is not the process's controlling one
    assert screen.process.wait(DEADLINE) == 0


def test_a_terminal_that_hangs_up_ends_the_following(terminal: Callable[..., Terminal]) -> None:
    screen = terminal("changing", "--plain", NO_COLOR="1")
    read_until(screen.master, b"until Ctrl-C", b"DRIFT: state says")
    os.close(screen.master)
    screen.master = -1
    assert screen.process.wait(DEADLINE) == 0


def test_plain_without_a_terminal_is_one_status(start: Start) -> None:
    process = start("others", "--plain")
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert out.count(b"rollback ready") == 1
    assert b"without a terminal this is" in err
