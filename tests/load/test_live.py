"""`rollout load` while it lasts, as its user sees it."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.load.command import on_a_terminal, resize, rollout, screens_of, shown_on_a_terminal, started
from tests.load.fault_server import Fault, FaultServer
from tests.tui.terminal import Terminal, missing_tmux


@pytest.mark.parametrize("columns", [80, 40])
def test_no_line_of_the_screen_is_longer_than_the_terminal(columns: int, tmp_path: Path) -> None:
    with FaultServer() as server:
        words = [server.url + "search?q=" + "a" * 120, "--rate", "50", "--duration", "2s", "--allow-remote"]
        shown = shown_on_a_terminal(tmp_path, *words, columns=columns, kind="xterm-256color")
    screens = screens_of(shown)
    assert len(screens) > 3
    lines = [line for screen in screens for line in screen]
    assert any("p99 by time" in line for line in lines)
    assert max(len(line) for line in lines) < columns


def test_on_a_terminal_one_screen_is_drawn_over_and_gives_way_to_the_summary(tmp_path: Path) -> None:
    with FaultServer() as server:
        words = [server.url, "--rate", "100", "--duration", "900ms", "--allow-remote"]
        text = shown_on_a_terminal(tmp_path, *words)
    assert "p99 by time" in text
    after_the_screen = re.split(r"\x1b\[\d+A", text)[-1]
    assert "0 dropped of 90 sent" in after_the_screen
    assert "p99 by time" not in after_the_screen


@pytest.mark.skipif(bool(missing_tmux), reason=missing_tmux or "-")
def test_no_screen_is_left_in_the_scrollback_though_the_first_began_on_the_first_row(tmp_path: Path) -> None:
    with FaultServer() as server:
        words = ["load", server.url, "--rate", "50", "--duration", "3s", "--allow-remote"]
        with Terminal(*words, directory=tmp_path) as terminal:
            terminal.wait_for("p99 by time")
            seen = terminal.wait_for("0 dropped of 150 sent")
            assert "p99 by time" not in seen
            assert not terminal.scrolled


def test_a_run_without_an_answer_shows_no_success(tmp_path: Path) -> None:
    with FaultServer(lambda _: Fault.NEVER) as server:
        words = [server.url, "--rate", "50", "--duration", "2s", "--timeout", "1m", "--allow-remote"]
        waits = ["twice ends at once", "again ends at once"]

        def meanwhile(process: subprocess.Popen[bytes], _: int, shown: str) -> None:
            if waits and waits[0] in shown:
                waits.pop(0)
                process.send_signal(signal.SIGINT)

        code, shown = on_a_terminal(tmp_path, *words, meanwhile=meanwhile)
    assert code == 130
    screens = screens_of(shown)
    assert all("! no data: nothing has an outcome yet" in screen for screen in screens)
    assert "✓" not in shown


def test_a_run_with_nothing_but_unexpected_answers_shows_no_success(tmp_path: Path) -> None:
    with FaultServer(lambda _: Fault.STATUS_404) as server:
        words = [server.url, "--rate", "50", "--duration", "1s", "--allow-remote"]
        shown = shown_on_a_terminal(tmp_path, *words)
        lines = rollout(tmp_path, *words)
    assert re.search(r"! 0 dropped / [1-9]\d*, and no good answer", shown)
    assert re.search(r"! unexpected [1-9]\d*: neither good nor dropped", "".join(screens_of(shown)[-1]))
    assert "✓" not in shown
    assert re.search(r"dropped 0 of (\d+), unexpected \1 ", lines.stderr)
    assert "! 0 dropped of 50 sent, and no good answer\n! unexpected 50: neither good nor dropped\n" in lines.stdout
    assert lines.returncode == 0


def test_an_interrupt_shows_what_is_waited_for_how_long_and_the_way_out(tmp_path: Path) -> None:
    with FaultServer(lambda _: Fault.NEVER) as server:
        words = [server.url, "--rate", "50", "--duration", "20s", "--timeout", "8s", "--allow-remote"]
        sent = 0

        def meanwhile(process: subprocess.Popen[bytes], _: int, shown: str) -> None:
            nonlocal sent
            if (sent == 0 and shown.count("\x1b[J") > 2) or (sent == 1 and shown.count("again ends at once") > 4):
                sent += 1
                process.send_signal(signal.SIGINT)

        code, shown = on_a_terminal(tmp_path, *words, meanwhile=meanwhile)
    assert code == 130
    told = [screen for screen in screens_of(shown) if "ending" in "".join(screen)]
    found = re.search(r"waits for [1-9]\d* in flight, at most (\d+) s; Ctrl-C again ends at once", "".join(told[0]))
    assert found is not None
    assert 8 < int(found[1]) <= 16
    assert any("sends no more" in line for line in told[0])
    # Whatever the terminal echoed of what was pressed is drawn over, too.
    assert set(re.findall(r"(.)\x1b\[\d+A", shown, re.DOTALL)) == {"\r"}


def test_the_end_of_the_schedule_shows_what_is_waited_for_and_its_clock_stands_still(tmp_path: Path) -> None:
    with FaultServer(lambda number: Fault.NEVER if number > 40 else None) as server:
        words = [server.url, "--rate", "50", "--duration", "1s", "--timeout", "2s", "--allow-remote"]
        shown = shown_on_a_terminal(tmp_path, *words)
        lines = rollout(tmp_path, *words, "--method", "POST")
    screens = screens_of(shown)
    waits = r"ending: waits for 10 in flight, at most [1-4] s; Ctrl-C twice ends at once"
    assert any(re.search(waits, "".join(screen)) for screen in screens)
    assert {line.split()[-4] for screen in screens for line in screen if line.endswith("of 1 s")} <= {"0", "1"}
    told = [line for line in lines.stderr.splitlines() if "ending" in line]
    assert told == ["ending: waits for 50 in flight, at most 2 s; Ctrl-C twice ends at once"]


def test_an_interrupt_is_told_once_where_there_is_no_terminal(tmp_path: Path) -> None:
    with FaultServer(lambda _: Fault.NEVER) as server:
        words = [server.url, "--rate", "50", "--duration", "1m", "--timeout", "2s", "--allow-remote"]
        process = started(tmp_path, *words)
        assert process.stderr is not None
        assert any(b"no data" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(re.findall(rb"ending: waits for \d+ in flight, at most 4 s; Ctrl-C again ends at once\n", errors)) == 1


def test_a_terminal_that_becomes_narrower_is_drawn_on_as_narrow_as_it_is(tmp_path: Path) -> None:
    with FaultServer() as server:
        words = [server.url, "--rate", "50", "--duration", "4s", "--allow-remote"]
        before: list[int] = []

        def meanwhile(_: subprocess.Popen[bytes], terminal: int, shown: str) -> None:
            if not before and shown.count("p99 by time") == 3:
                before.append(3)
                resize(terminal, 30)

        code, shown = on_a_terminal(tmp_path, *words, meanwhile=meanwhile)
    assert code == 0
    screens = screens_of(shown)
    assert max(map(len, screens[0])) > 40
    assert len(screens) > 8
    assert max(len(line) for screen in screens[5:] for line in screen) < 30
    # What stood there when it became narrower is folded: it takes more rows to go above it.
    ups = [int(rows) for rows in re.findall(r"\x1b\[(\d+)A", shown)]
    assert max(ups) > len(screens[0])
    assert ups[-1] == len(screens[-1])
