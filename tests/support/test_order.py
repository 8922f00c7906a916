"""The order of the files names files that are there, and what is left out after a check is what it runs."""

from __future__ import annotations

import pytest

from tests.support.order import CHECKED, CHECKED_MARKS, LONGEST_FIRST, checked, turn
from tests.support.stack import ROOT


@pytest.mark.parametrize("file", LONGEST_FIRST)
def test_a_file_that_comes_first_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_the_long_files_come_first_and_the_others_as_they_were_collected() -> None:
    collected = ["tests/a.py", LONGEST_FIRST[1], "tests/z.py", LONGEST_FIRST[0], "tests/b.py"]
    assert sorted(collected, key=turn) == [*LONGEST_FIRST[:2], "tests/a.py", "tests/z.py", "tests/b.py"]


def test_a_check_runs_what_is_taken_for_checked() -> None:
    assert f" -m '{CHECKED_MARKS}' {' '.join(CHECKED)}\n" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize(
    ("file", "marks", "expected"),
    [
        ("tests/unit/load/test_wire.py", {"parametrize"}, True),
        ("tests/unit/load/test_wire.py", {"slow"}, False),
        ("tests/make/test_makefile.py", {"docker", "timeout"}, False),
        ("tests/units.py", set(), False),
        ("tests/tui/test_keys.py", set(), False),
    ],
)
def test_only_what_a_check_runs_is_taken_for_checked(file: str, marks: set[str], expected: bool) -> None:  # noqa: FBT001
    assert checked(file, marks) is expected
