"""The order of the files names files that are there."""

from __future__ import annotations

import pytest

from tests.support.order import LONGEST_FIRST, turn
from tests.support.stack import ROOT


@pytest.mark.parametrize("file", LONGEST_FIRST)
def test_a_file_that_comes_first_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_the_long_files_come_first_and_the_others_as_they_were_collected() -> None:
    collected = ["tests/a.py", LONGEST_FIRST[1], "tests/z.py", LONGEST_FIRST[0], "tests/b.py"]
    assert sorted(collected, key=turn) == [*LONGEST_FIRST[:2], "tests/a.py", "tests/z.py", "tests/b.py"]
