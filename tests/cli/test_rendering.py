from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.cli.actor import current_actor
from console.cli.invocation import Invocation
from console.cli.output import Output
from console.cli.parser import parse
from console.cli.render.clean import clean, clean_lines
from console.cli.render.durations import clock, coarse, duration, stamp
from console.cli.render.problem import error_text
from console.cli.render.style import Mark, Style
from console.cli.terminal import Terminal, look
from console.model.errors import ConfigError, Problem, RolloutError
from tests.cli.fakes import FakeBackend

FORBIDDEN = {chr(code) for code in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


@given(st.text())
def test_clean_text_holds_nothing_that_steers_a_terminal(text: str) -> None:
    assert not FORBIDDEN & set(clean(text))
    clean(text).encode()


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;cm0gLXJm\x1b\\text", "text"),
        ("\x9b2Jtext", "text"),
        ("one\ntwo\tthree", "one two three"),
        ("\u202egnp.exe", "gnp.exe"),
        ("grün ✓", "grün ✓"),
    ],
)
def test_escape_sequences_are_removed_whole(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_lines_stay_lines() -> None:
    assert clean_lines("a\x07\nb\r\n\n") == ("a", "b")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "<1 ms"),
        (0.0001, "<1 ms"),
        (0.008, "8 ms"),
        (0.099, "99 ms"),
        (0.0999, "0.10 s"),
        (0.21, "0.21 s"),
        (9.999, "10.0 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (100000, "1 d 3 h"),
    ],
)
def test_durations_are_human(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_what_counts_down_is_in_whole_seconds() -> None:
    assert [coarse(seconds) for seconds in (-3, 0.4, 27.4, 89.6)] == ["0 s", "0 s", "27 s", "1 min 30 s"]


def test_times_are_local_and_garbage_is_no_time() -> None:
    assert clock("2026-03-01T12:00:00.000+00:00") == "12:00:00"
    assert stamp("2026-03-01T13:00:00+01:00") == "2026-03-01 12:00"
    assert clock("2026-03-01T12:00:00") == "--:--:--"
    assert stamp("") == "----------------"


@given(st.text(), st.integers(min_value=40, max_value=200))
def test_folded_text_fits_and_loses_no_word(text: str, width: int) -> None:
    lines = Style(Terminal(width=width)).fold(clean(text), first=13, indent=13)
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


def test_marks_are_padded_by_what_is_seen_not_by_colour_codes() -> None:
    plain = Style(Terminal()).mark(Mark.DONE, width=12)
    painted = Style(Terminal(tty=True, colour=True)).mark(Mark.DONE, width=12)
    assert len(plain) == 12
    assert painted.replace("\x1b[32m", "").replace("\x1b[0m", "") == plain


def test_an_error_says_what_was_attempted_found_is_true_and_is_next() -> None:
    error = RolloutError("apply it", "a \x1b[31mred\x1b[0m light", now="blue serves", next_command="rollout status")
    assert error_text(error, Style(Terminal())) == (
        "✗ could not apply it\n  found      a red light\n  now        blue serves\n  next       rollout status\n"
    )


def test_a_config_error_lists_every_problem_with_its_place() -> None:
    problems = (
        Problem(where="x-rollout.redy", message="unknown key", hint="did you mean ready?", place="shop.yml:12"),
        Problem(where="--smoke-status", message="999 is no HTTP status"),
    )
    text = error_text(ConfigError(problems), Style(Terminal()))
    assert "  shop.yml:12 x-rollout.redy: unknown key\n    did you mean ready?\n" in text
    assert "  --smoke-status: 999 is no HTTP status\n" in text
    assert "nothing was touched" in text


class _Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colour_needs_a_terminal_and_no_no_color() -> None:
    assert look(_Tty(), {"TERM": "xterm"}).colour
    assert not look(_Tty(), {"TERM": "xterm", "NO_COLOR": "1"}).colour
    assert not look(_Tty(), {"TERM": "dumb"}).colour
    assert not look(_Tty(), {}).colour
    assert not look(io.StringIO(), {"TERM": "xterm"}).colour


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("demo",), "rollout deploy --load 200   # on a stack of your own"),
        (("deploy", "-p", "shop"), "rollout deploy --load 200 -p shop"),
        (("deploy",), "rollout deploy --load 200"),
    ],
)
def test_a_command_to_be_pasted_acts_on_this_stack_and_a_demos_says_that_it_does_not(
    argv: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    invocation = Invocation(
        line=parse(list(argv)),
        output=Output(io.StringIO(), io.StringIO(), {}),
        environ={},
        actor=current_actor(list(argv), {}),
        backend=FakeBackend(tmp_path, None),
        interactive=False,
    )
    assert invocation.for_this_stack("rollout deploy --load 200") == expected
