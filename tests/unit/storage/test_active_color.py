"""The recorded color: one word, and nothing else counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.adapters.storage.active_color import FileActiveColor
from console.model.color import Color
from tests.unit.storage.files import mode_of, umask

WORDS = {
    b"blue": Color.BLUE,
    b"green": Color.GREEN,
    b"green\n": Color.GREEN,
    b"green\r\n": Color.GREEN,
    b" \t\n  blue  \n\n": Color.BLUE,
    b"blue" + b" " * 10_000: Color.BLUE,
}
GARBAGE = [
    b"",
    b"\n",
    b"   ",
    b"purple",
    b"BLUE",
    b"Green\n",
    b"blue green",
    b"blue\ngreen\n",
    b"blue;",
    b'"blue"',
    b"\xef\xbb\xbfblue\n",
    b"b\x00l\x00u\x00e\x00",
    b"\xff\xfeb\x00l\x00u\x00e\x00",
    b"blue\x00",
    b"\x00" * 4096,
    bytes(range(256)),
    b"blue " + b"x" * 10_000,
    b" " * 10_000 + b"blue",
    "\N{FULLWIDTH LATIN SMALL LETTER B}lue".encode(),
]


@pytest.fixture
def active(tmp_path: Path) -> FileActiveColor:
    return FileActiveColor(tmp_path / "active-color")


@pytest.mark.parametrize(("content", "color"), list(WORDS.items()), ids=lambda value: repr(value)[:24])
def test_a_word_is_a_color_with_white_space_stripped(active: FileActiveColor, content: bytes, color: Color) -> None:
    active.path.write_bytes(content)
    assert active.read() is color


@pytest.mark.parametrize("content", GARBAGE, ids=lambda content: repr(content)[:24])
def test_anything_else_is_no_color(active: FileActiveColor, content: bytes) -> None:
    active.path.write_bytes(content)
    assert active.read() is None


def test_a_missing_file_a_directory_and_a_dangling_link_are_no_color(active: FileActiveColor, tmp_path: Path) -> None:
    assert active.read() is None
    assert FileActiveColor(tmp_path).read() is None
    active.path.symlink_to("nowhere")
    assert active.read() is None
    assert FileActiveColor(tmp_path / "none" / "deeper").read() is None


@pytest.mark.parametrize("color", list(Color))
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_written_color_is_one_line_that_everybody_can_read(active: FileActiveColor, color: Color, mask: int) -> None:
    active.path.write_bytes(b"\xff garbage" * 1000)
    with umask(mask):
        active.write(color)
    assert active.path.read_bytes() == f"{color.value}\n".encode()
    assert active.read() is color
    assert mode_of(active.path) == 0o644


def test_a_directory_of_its_own_is_made(tmp_path: Path) -> None:
    active = FileActiveColor(tmp_path / "elsewhere" / "deeper" / "color")
    active.write(Color.GREEN)
    assert active.read() is Color.GREEN


def test_what_can_not_be_written_is_an_error_and_the_old_color_stays(active: FileActiveColor, tmp_path: Path) -> None:
    active.write(Color.BLUE)
    blocked = FileActiveColor(active.path / "below-a-file")
    with pytest.raises(OSError, match="active-color"):
        blocked.write(Color.GREEN)
    assert active.read() is Color.BLUE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["active-color"]
