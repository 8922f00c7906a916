"""The journal as a real file: durable, line by line, whatever was done to it meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.adapters.storage.journal import FileJournal
from console.model.events import Event, Record, RolloutStarted, StepSucceeded, Warned
from tests.support.events import STARTED
from tests.unit.storage.files import child, hear, lines_of, mode_of, say, umask

AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return FileJournal(tmp_path / "journal.jsonl")


def add(journal: FileJournal, text: str = "careful", *, rollout: int = 1) -> Record:
    return journal.append(rollout=rollout, at=AT, event=Warned(text=text))


def read(journal: FileJournal) -> tuple[Record, ...]:
    """Every record, oldest first."""
    return tuple(journal.newest())[::-1]


def texts(journal: FileJournal) -> list[str]:
    return [record.event.text for record in read(journal) if isinstance(record.event, Warned)]


def test_without_a_file_there_is_nothing_and_the_first_rollout_is_number_one(journal: FileJournal) -> None:
    assert read(journal) == ()
    assert journal.next_rollout() == 1
    assert not journal.path.exists()


def test_an_appended_record_is_one_line_and_can_be_read_at_once_by_anybody(journal: FileJournal) -> None:
    events: list[Event] = [STARTED, StepSucceeded(step="a", seconds=0.5, detail="two\nlines\r\x0b\x1c\u2028"), STARTED]
    records = [journal.append(rollout=4, at=AT, event=event) for event in events]
    assert [record.sequence for record in records] == [1, 2, 3]
    assert journal.path.read_bytes().count(b"\n") == 3
    assert [line["type"] for line in lines_of(journal.path)] == ["rollout_started", "step_succeeded", "rollout_started"]
    assert read(FileJournal(journal.path)) == tuple(records) == read(journal)


def test_a_record_is_synced_before_the_call_returns(journal: FileJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    add(journal)
    assert synced == [journal.path.stat().st_size]


def test_a_torn_last_line_is_left_out_and_the_next_record_has_a_line_of_its_own(journal: FileJournal) -> None:
    add(journal, "one")
    with journal.path.open("ab") as file:
        file.write(b'{"v": 1, "rollout": 1, "seq": 2, "at": "x", "ty')
    assert texts(journal) == texts(FileJournal(journal.path)) == ["one"]
    assert add(journal, "two").sequence == 2
    assert texts(journal) == texts(FileJournal(journal.path)) == ["one", "two"]


def test_a_line_that_is_being_written_is_read_once_it_is_whole(journal: FileJournal) -> None:
    add(journal, "one")
    whole = json.dumps(lines_of(journal.path)[0] | {"seq": 2, "text": "two"}).encode() + b"\n"
    with journal.path.open("ab", buffering=0) as file:
        file.write(whole[:20])
        assert texts(journal) == ["one"]
        file.write(whole[20:])
    assert texts(journal) == ["one", "two"]
    assert add(journal).sequence == 3


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"\n\n\n",
        b"not json\n",
        b"null\n",
        b"[1, 2]\n",
        b'"text"\n',
        b"{}\n",
        b"\xff\xfe\x00\n",
        b"\x00" * 4096 + b"\n",
        b"[" * 200_000 + b"\n",
        b"9" * 10_000 + b"\n",
        b'{"v": 1}\n',
        b'{"v": 1, "rollout": 1, "seq": 2, "at": "x", "type": "warned"}\n',
        b'{"v": 2, "rollout": 9, "seq": 900, "at": "x", "type": "warned", "text": "from the future"}\n',
        b'{"v": 1, "rollout": 9, "seq": 900, "at": "x", "type": "teleported"}\n',
    ],
    ids=lambda garbage: repr(garbage[:24]),
)
def test_lines_that_are_no_records_of_this_version_are_skipped(journal: FileJournal, garbage: bytes) -> None:
    add(journal, "one")
    with journal.path.open("ab") as file:
        file.write(garbage)
    assert add(journal, "two").sequence == 2
    assert texts(journal) == texts(FileJournal(journal.path)) == ["one", "two"]


@pytest.mark.parametrize(
    "written",
    ['"type":"warned"', '"type": "warned"', '"type" :\t"warned"', '"type":"\\u0077arned"', '"\\u0074ype":"warned"'],
)
def test_a_kind_that_is_asked_for_is_found_however_it_is_written(journal: FileJournal, written: str) -> None:
    journal.append(rollout=1, at=AT, event=STARTED)
    add(journal, "one")
    journal.path.write_text(journal.path.read_text().replace('"type":"warned"', written))
    assert [record.sequence for record in journal.newest(Warned)] == [2]
    assert [record.sequence for record in journal.newest(RolloutStarted)] == [1]
    assert [record.sequence for record in journal.newest(StepSucceeded)] == []


def test_a_kind_that_another_record_only_names_is_not_taken_for_it(journal: FileJournal) -> None:
    add(journal, '"type":"rollout_started"')
    add(journal, "rollout_started")
    assert list(journal.newest(RolloutStarted)) == []
    assert journal.next_rollout() == 1


def test_a_file_that_another_one_replaced_is_read_anew(journal: FileJournal, tmp_path: Path) -> None:
    for number in range(3):
        add(journal, f"old {number}")
    other = FileJournal(tmp_path / "other.jsonl")
    for number in range(5):
        add(other, f"new {number}, and longer")
    other.path.replace(journal.path)
    assert texts(journal) == [f"new {number}, and longer" for number in range(5)]
    assert add(journal).sequence == 6


def test_a_file_that_was_cut_is_read_anew(journal: FileJournal) -> None:
    for number in range(3):
        add(journal, f"{number}")
    journal.path.write_bytes(b"")
    assert texts(journal) == []
    assert add(journal, "again").sequence == 1
    assert texts(journal) == ["again"]


def test_a_file_that_was_cut_and_has_grown_beyond_what_was_read_is_read_anew(journal: FileJournal) -> None:
    add(journal, "short")
    assert texts(journal) == ["short"]
    other = FileJournal(journal.path)
    journal.path.write_bytes(b"")
    add(other, "a text that is a good deal longer")
    add(other, "and one more")
    assert texts(journal) == ["a text that is a good deal longer", "and one more"]


def test_a_file_that_was_removed_is_begun_anew(journal: FileJournal) -> None:
    journal.append(rollout=7, at=AT, event=STARTED)
    assert journal.next_rollout() == 8
    journal.path.unlink()
    assert read(journal) == ()
    assert journal.next_rollout() == 1
    assert add(journal).sequence == 1


def test_rollouts_are_numbered_after_the_highest_that_began_not_after_the_last_record(journal: FileJournal) -> None:
    journal.append(rollout=7, at=AT, event=STARTED)
    journal.append(rollout=3, at=AT, event=STARTED)
    add(journal, rollout=90)
    assert journal.next_rollout() == FileJournal(journal.path).next_rollout() == 8


def test_two_journals_on_one_file_see_each_others_records_and_never_give_a_number_twice(journal: FileJournal) -> None:
    other = FileJournal(journal.path)
    for number in range(10):
        add(journal if number % 2 else other, f"{number}")
    assert texts(journal) == texts(other) == [f"{number}" for number in range(10)]
    assert [record.sequence for record in read(journal)] == list(range(1, 11))


WRITER = """
import sys
from pathlib import Path
from console.adapters.storage.journal import FileJournal
from console.model.events import Warned
journal = FileJournal(Path(sys.argv[1]))
for line in sys.stdin:
    print(journal.append(rollout=2, at="now", event=Warned(text=line.strip())).sequence, flush=True)
"""


def test_the_sequence_goes_on_across_processes(journal: FileJournal) -> None:
    add(journal, "one")
    with child(WRITER, str(journal.path)) as writer:
        say(writer, "two")
        assert hear(writer) == "2"
        assert add(journal, "three").sequence == 3
        say(writer, "four")
        assert hear(writer) == "4"
    assert texts(journal) == ["one", "two", "three", "four"]


def test_a_reader_beside_a_writer_sees_whole_records_in_order(journal: FileJournal) -> None:
    with child(WRITER, str(journal.path)) as writer:
        assert writer.stdin is not None
        writer.stdin.write("".join(f"{number} {'x' * (number % 3000)}\n" for number in range(300)))
        writer.stdin.close()
        writer.stdin = None
        seen = 0
        while seen < 300:
            records = read(journal)
            assert [record.sequence for record in records] == list(range(1, len(records) + 1))
            assert len(records) >= seen
            seen = len(records)


def test_a_record_of_a_process_that_was_killed_right_after_it_is_there(journal: FileJournal) -> None:
    with child(WRITER, str(journal.path)) as writer:
        say(writer, "last words")
        assert hear(writer) == "1"
        writer.kill()
        writer.wait(20)
    assert texts(journal) == ["last words"]


def test_text_in_no_known_encoding_survives(journal: FileJournal) -> None:
    text = os.fsdecode(b"caf\xe9 \xff") + " \x1b[31m \u2028 \U0001f600"
    record = add(journal, text)
    assert read(FileJournal(journal.path)) == (record,)
    journal.path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_group_can_read_it_and_others_can_not_whatever_the_umask(journal: FileJournal, mask: int) -> None:
    with umask(mask):
        add(journal)
    assert mode_of(journal.path) == 0o640


def test_a_mode_that_somebody_chose_stays(journal: FileJournal) -> None:
    add(journal)
    journal.path.chmod(0o600)
    add(journal)
    assert mode_of(journal.path) == 0o600


def test_a_directory_that_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "none" / "journal.jsonl")
    with pytest.raises(FileNotFoundError, match="none"):
        add(journal)
    assert read(journal) == ()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    directory = tmp_path / "tiny"
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(directory)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if mounted.returncode:
        pytest.skip(f"a small file system can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True, stdin=subprocess.DEVNULL)


def test_a_full_disk_is_an_error_and_leaves_every_earlier_record_and_no_half_one(tiny: Path) -> None:
    journal = FileJournal(tiny / "journal.jsonl")
    written = 0
    with pytest.raises(OSError, match=r"No space left|bytes fit"):  # noqa: PT012 - which call it is depends on the pages
        for number in range(1000):
            add(journal, f"{number} {'x' * 777}")
            written += 1
    assert 10 < written < 1000
    assert len(texts(journal)) == len(texts(FileJournal(journal.path))) == written
    assert journal.path.read_bytes().endswith(b"\n")


def test_once_there_is_room_again_the_journal_goes_on(tiny: Path) -> None:
    ballast = tiny / "ballast"
    journal = FileJournal(tiny / "journal.jsonl")
    add(journal, "before")
    with pytest.raises(OSError, match="No space left"), ballast.open("wb", buffering=0) as file:  # noqa: PT012
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(OSError, match=r"No space left|bytes fit"):
        add(journal, "x" * 5000)
    ballast.unlink()
    assert add(journal, "after").sequence == 2
    assert texts(FileJournal(journal.path)) == ["before", "after"]
