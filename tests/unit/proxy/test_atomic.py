from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from console.adapters.storage.atomic import write_atomically


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file_has_the_content_and_the_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_atomically(tmp_path / "upstream.conf", b"new", mode=0o644)
    finally:
        os.umask(before)
    assert (tmp_path / "upstream.conf").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "upstream.conf").stat().st_mode) == 0o644
    assert names(tmp_path) == ["upstream.conf"]


def test_a_reader_of_the_old_file_keeps_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "upstream.conf"
    file.write_bytes(b"old")
    with file.open("rb") as reader:
        write_atomically(file, b"new and longer", mode=0o644)
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new and longer"


def test_a_symbolic_link_is_replaced_and_its_target_untouched(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", b"new", mode=0o600)
    assert (tmp_path / "target").read_bytes() == b"old"
    assert not (tmp_path / "link").is_symlink()


def test_a_missing_directory_is_an_error_and_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "file", b"new", mode=0o644)
    assert names(tmp_path) == []


def test_a_failed_replacement_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "busy").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "busy", b"new", mode=0o644)
    assert names(tmp_path) == ["busy"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_leaves_the_old_file_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "upstream.conf"
    file.write_bytes(b"old")
    real = os.fdopen

    def on_a_full_disk(descriptor: int, mode: str) -> object:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, descriptor)
        os.close(full)
        return real(descriptor, mode)

    monkeypatch.setattr(os, "fdopen", on_a_full_disk)
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"new", mode=0o644)
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["upstream.conf"]
