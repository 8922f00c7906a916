"""Lines from the end of a real file, however they lie in its blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.adapters.storage import last_lines as module
from console.adapters.storage.last_lines import FIRST, LONGEST, last_lines


@contextmanager
def opened(path: Path) -> Iterator[int]:
    with path.open("rb") as file:
        yield file.fileno()


def lines(path: Path) -> list[bytes]:
    with opened(path) as descriptor:
        return list(last_lines(descriptor))


@given(
    text=st.lists(st.sampled_from([b"\n", b"\n\n", b"a", b"bc", b"\r", b"\x00" * 9]), max_size=40).map(b"".join),
    first=st.integers(min_value=1, max_value=5),
    longest=st.integers(min_value=1, max_value=20),
)
def test_whatever_the_blocks_the_whole_lines_come_last_first(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, first: int, longest: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FIRST", first)
        patch.setattr(module, "LONGEST", longest)
        found = lines(path)
    *whole, _torn = text.split(b"\n")
    assert found == whole[::-1]


def test_a_line_longer_than_any_block_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first\n" + b"x" * (3 * LONGEST) + b"\nlast\ntorn")
    assert lines(path) == [b"last", b"x" * (3 * LONGEST), b"first"]


def test_nothing_is_read_that_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789\n" * 1_000_000)
    read: list[int] = []
    real = os.pread

    def watched(descriptor: int, size: int, offset: int) -> bytes:
        read.append(size)
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", watched)
    with opened(path) as descriptor:
        found = last_lines(descriptor)
        assert read == []
        assert [next(found) for _ in range(3)] == [b"0123456789"] * 3
    assert read == [FIRST]


def test_a_file_that_is_cut_meanwhile_has_no_further_lines(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789\n" * FIRST)
    with opened(path) as descriptor:
        found = last_lines(descriptor)
        next(found)
        os.truncate(path, 100)
        assert len(list(found)) < FIRST
