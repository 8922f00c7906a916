"""The body of a load, as it is read from a file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from console.cli import load_body
from console.cli.load_body import read_body
from console.load.template import MOST_BODY
from console.model.errors import UsageError


def test_as_much_as_is_sent_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    body = tmp_path / "body"
    with body.open("wb") as file:
        file.truncate(MOST_BODY)
    assert read_body(body) == bytes(MOST_BODY)
    with body.open("ab") as file:
        file.write(b"x")
    with pytest.raises(UsageError, match="longer than the 16,777,216 bytes"):
        read_body(body)


def test_a_device_without_an_end_is_read_no_further() -> None:
    with pytest.raises(UsageError, match="/dev/zero: it is longer"):
        read_body(Path("/dev/zero"))


def test_a_pipe_is_read_to_its_end_however_late_its_writer_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Timer(0.1, pipe.write_bytes, [b"x" * 200_000])
    writer.start()
    try:
        assert read_body(pipe) == b"x" * 200_000
    finally:
        writer.join(10)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_body, "_SILENCE", 0.05)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"a pipe that brought nothing for 0\.05 s"):
        read_body(tmp_path / "pipe")


@pytest.mark.parametrize(("name", "why"), [("", "Is a directory"), ("none", "No such file or directory")])
def test_what_cannot_be_read_is_told_with_its_reason(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why):
        read_body(tmp_path / name)
