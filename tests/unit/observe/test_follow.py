"""Following a real journal file that others write, cut and replace."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.adapters.storage.journal import FileJournal
from console.model.events import Warned
from console.observe.follow import Added, JournalFollower
from tests.unit.observe.clock import ManualClock, settle

AT = "2026-01-01T00:00:00Z"
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from console.adapters.storage.journal import FileJournal
from console.model.events import Warned
journal = FileJournal(Path(sys.argv[1]))
for text in sys.argv[2:]:
    journal.append(rollout=9, at="2026-01-01T00:00:00Z", event=Warned(text=text))
"""


def append(path: Path, *texts: str) -> None:
    journal = FileJournal(path)
    for text in texts:
        journal.append(rollout=1, at=AT, event=Warned(text=text))


def texts(added: Added) -> list[str]:
    return [record.event.text for record in added.records if isinstance(record.event, Warned)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_the_first_look_shows_all_there_is_and_later_ones_what_is_new(path: Path) -> None:
    append(path, "a", "b")
    follower = JournalFollower(FileJournal(path))
    first = follower.look()
    assert (texts(first), first.anew) == (["a", "b"], True)
    assert follower.look().silent
    append(path, "c")
    second = follower.look()
    assert (texts(second), second.anew) == (["c"], False)


def test_a_journal_that_is_not_there_yet_is_an_empty_one(path: Path) -> None:
    follower = JournalFollower(FileJournal(path))
    assert follower.look() == Added(anew=True)
    assert follower.look().silent
    append(path, "a")
    found = follower.look()
    assert (texts(found), found.anew) == (["a"], False)


def test_what_another_process_writes_is_followed(path: Path) -> None:
    follower = JournalFollower(FileJournal(path))
    follower.look()
    subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, str(path), "from", "elsewhere"],
        check=True,
        timeout=60,
        cwd=Path(__file__).resolve().parents[3],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert texts(follower.look()) == ["from", "elsewhere"]


def test_a_line_that_is_half_written_is_told_once_it_is_whole(path: Path) -> None:
    append(path, "a", "b")
    whole = path.read_bytes()
    cut = whole.rindex(b"warned") + 3
    path.write_bytes(whole[:cut])
    follower = JournalFollower(FileJournal(path))
    assert texts(follower.look()) == ["a"]
    with path.open("ab") as file:
        file.write(whole[cut:])
    assert texts(follower.look()) == ["b"]


def test_a_line_that_a_crash_tore_is_left_out_for_good(path: Path) -> None:
    append(path, "a")
    follower = JournalFollower(FileJournal(path))
    follower.look()
    with path.open("ab") as file:
        file.write(b'{"v": 1, "rollout": 1, "seq": 2, "at')
    assert follower.look().silent
    append(path, "after the crash")
    assert texts(follower.look()) == ["after the crash"]


def test_a_journal_that_was_replaced_is_told_anew(path: Path) -> None:
    append(path, "a", "b")
    follower = JournalFollower(FileJournal(path))
    follower.look()
    other = path.with_name("other")
    append(other, "x", "y", "z")
    other.replace(path)
    found = follower.look()
    assert (texts(found), found.anew) == (["x", "y", "z"], True)


def test_a_journal_that_was_moved_away_is_told_anew_and_so_is_its_successor(path: Path) -> None:
    append(path, "a", "b")
    follower = JournalFollower(FileJournal(path))
    follower.look()
    path.rename(path.with_name("journal.1"))
    assert follower.look() == Added(anew=True)
    append(path, "c")
    assert texts(follower.look()) == ["c"]


def test_a_journal_that_was_cut_is_told_anew(path: Path) -> None:
    append(path, "a", "b")
    follower = JournalFollower(FileJournal(path))
    follower.look()
    os.truncate(path, path.read_bytes().index(b"\n") + 1)
    found = follower.look()
    assert (texts(found), found.anew) == (["a"], True)


def test_a_journal_that_can_t_be_read_is_a_problem_and_later_loses_nothing(path: Path) -> None:
    append(path, "a")
    follower = JournalFollower(FileJournal(path))
    follower.look()
    path.rename(path.with_name("aside"))
    path.mkdir()
    assert follower.look().problem.startswith("could not read the journal: ")
    path.rmdir()
    append(path.with_name("aside"), "b")
    path.with_name("aside").rename(path)
    assert texts(follower.look()) == ["b"]


def hide(path: Path) -> None:
    """Put something into the journal's place that can't be read, whoever asks."""
    path.rename(path.with_name("aside"))
    path.mkdir()


def show(path: Path) -> None:
    path.rmdir()
    path.with_name("aside").rename(path)


async def test_a_follower_yields_what_is_there_then_what_comes_and_each_problem_once(path: Path) -> None:
    append(path, "a")
    clock = ManualClock()
    heard: list[Added] = []

    async def follow() -> None:
        async for added in JournalFollower(FileJournal(path)).added(clock):
            heard.append(added)  # noqa: PERF401 - it never ends, and is looked at on the way

    task = asyncio.create_task(follow())
    await settle()
    assert [texts(added) for added in heard] == [["a"]]
    append(path, "b", "c")
    await clock.advance(0.3)
    assert [texts(added) for added in heard] == [["a"], ["b", "c"]]
    await clock.advance(10)
    assert len(heard) == 2
    hide(path)
    await clock.advance(10)
    assert [bool(added.problem) for added in heard] == [False, False, True]
    show(path)
    await clock.advance(10)
    assert heard[3:] == [Added()]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
