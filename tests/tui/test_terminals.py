"""Terminals with 256 colours, 16, none, and without Unicode: what is sent to them is what they can show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tui.pseudo_terminal import DEMO, PseudoTerminal

pytestmark = pytest.mark.slow

SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
COLOURS = {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}


def codes(output: bytes) -> set[str]:
    """Every way to say a colour or a weight that was used."""
    return {found.decode() for found in SGR.findall(output)}


def toured(terminal: PseudoTerminal) -> bytes:
    """The live screen, a dialog and a page; everything that was written."""
    terminal.shows("blue v1 serves", "0 dropped /")
    terminal.press("D")
    terminal.shows("y do it", "$ rollout deploy")
    terminal.press("\x1b")
    terminal.closes("y do it")
    terminal.shows("5 events")
    terminal.press("?")
    terminal.shows("acting keys")
    terminal.press("\x1b")
    terminal.closes("acting keys")
    terminal.shows("5 events")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.restored
    return bytes(terminal.output)


@pytest.mark.parametrize("term", ["xterm-256color", "tmux-256color", "xterm", "screen", "linux", "vt100"])
def test_the_terminal_s_own_colours_are_used_and_no_others(tmp_path: Path, term: str) -> None:
    with PseudoTerminal(tmp_path, environment={"TERM": term}) as terminal:
        used = codes(toured(terminal))
    assert not [code for code in used if re.search(r"(?:^|;)[34]8[;:]", code)], "sixteen colours are enough"
    assert any(int(part) in COLOURS for code in used for part in code.split(";") if part)


def test_without_colours_weight_and_signs_are_left(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path, environment={"NO_COLOR": "1"}) as terminal:
        used = codes(toured(terminal))
    assert not [code for code in used if any(int(part) in COLOURS for part in code.split(";") if part)]
    assert not [code for code in used if re.search(r"(?:^|;)[34]8[;:]", code)]
    assert any("1" in code.split(";") for code in used), "what is strong is bold"


def test_ascii_is_all_that_is_sent_when_asked_for(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path, words=(*DEMO, "--ascii")) as terminal:
        assert toured(terminal).isascii()


def test_plain_lines_move_no_cursor(tmp_path: Path) -> None:
    with PseudoTerminal(tmp_path, words=(*DEMO, "--headless", "--plain")) as terminal:
        assert terminal.ended() == 0
        text = SGR.sub(b"", bytes(terminal.output)).decode()
    assert "done" in text
    assert "green serves" in text
    assert all(row.rstrip("\r").isprintable() for row in text.split("\n"))
