from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.dotenv import lookup


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=x", "x"),
        ("export A=x", "x"),
        ("A = x ", "x"),
        ('A="x y" # note', "x y"),
        ("A='$B'", "$B"),
        ("A=x # note", "x"),
        ("A=x#y", "x#y"),
        ("A=\n", ""),
        ("A=1\nA=2\n", "2"),
        ("B=b\nA=${B}:$B", "b:b"),
        ("A=${C:-c}", "c"),
        ("A=${HOST-c}", "outside"),
        ("A: x", "x"),
        ("#A=x", None),
        ("", None),
    ],
)
def test_values_are_read_as_compose_reads_them(text: str, value: str | None) -> None:
    assert lookup(text, "A", {"HOST": "outside"}) == value


@given(st.text(max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    assert lookup(text, "COMPOSE_FILE\x00", {}) is None
