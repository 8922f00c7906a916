"""The lock among real processes: held for life, and taken over only knowingly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.adapters.storage.lock import FileLock
from console.model.errors import LockHeldError, LockLostError
from tests.unit.storage.files import child, hear, mode_of, say, umask

SINCE = "2026-01-01T00:00:00.000Z"

HOLDER = """
import sys
from pathlib import Path
from console.adapters.storage.lock import FileLock
from console.model.errors import LockHeldError, LockLostError
lock = FileLock(Path(sys.argv[1]))
def do(word):
    match word:
        case "acquire":
            return str(lock.acquire("rollout deploy --from-a-child", since="2026-02-02T02:02:02Z").fence)
        case "check":
            lock.check()
            return "held"
        case "release":
            lock.release()
            return "released"
for line in sys.stdin:
    try:
        answer = do(line.strip())
    except (LockHeldError, LockLostError) as error:
        answer = f"{type(error).__name__}: {error}"
    print(answer, flush=True)
"""

READER = """
import sys, time
from pathlib import Path
from console.adapters.storage.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("reading", flush=True)
while True:
    lock.holder()
    time.sleep(0.001)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[FileLock]:
    lock = FileLock(tmp_path / "lock")
    yield lock
    lock.release()


@contextmanager
def holding(lock: FileLock) -> Iterator[subprocess.Popen[str]]:
    """A child process that holds the lock."""
    with child(HOLDER, str(lock.path)) as process:
        assert ask(process, "acquire").isdigit()
        yield process


def ask(process: subprocess.Popen[str], word: str) -> str:
    say(process, word)
    return hear(process)


def gone(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.wait(20)


def suspended(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def test_a_lock_that_nobody_ever_took_is_free_and_asking_leaves_no_file(lock: FileLock) -> None:
    assert lock.holder() is None
    assert lock.take_over("rollout lock break", since=SINCE) is None
    assert not lock.path.exists()


def test_the_label_says_who_holds_it_and_since_when(lock: FileLock) -> None:
    label = lock.acquire("rollout deploy", since=SINCE)
    assert (label.pid, label.command, label.since, label.fence) == (os.getpid(), "rollout deploy", SINCE, 1)
    assert label.user
    assert label.host
    assert lock.holder() == FileLock(lock.path).holder() == label
    lock.check()


def test_a_released_lock_is_free_and_releasing_twice_is_releasing_once(lock: FileLock) -> None:
    lock.acquire("a", since=SINCE)
    lock.release()
    lock.release()
    assert lock.holder() is None
    with pytest.raises(LockLostError):
        lock.check()


def test_a_second_lock_of_the_same_process_is_refused_too(lock: FileLock) -> None:
    lock.acquire("a", since=SINCE)
    for other in (lock, FileLock(lock.path)):
        with pytest.raises(LockHeldError):
            other.acquire("b", since=SINCE)
    lock.check()


def test_another_process_is_refused_and_told_who_and_since_when(lock: FileLock) -> None:
    with holding(lock) as process:
        with pytest.raises(LockHeldError) as refused:
            lock.acquire("rollout deploy", since=SINCE)
        assert f"pid {process.pid}, rollout deploy --from-a-child" in refused.value.found
        assert "since 2026-02-02T02:02:02Z" in refused.value.found
        assert refused.value.now
        assert refused.value.next_command
        assert ask(process, "check") == "held"
        assert ask(process, "release") == "released"
        assert lock.acquire("rollout deploy", since=SINCE).fence == 2
        assert ask(process, "acquire").startswith("LockHeldError")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_holder_that_died_holds_nothing_whatever_its_label_says(lock: FileLock, how: signal.Signals) -> None:
    with holding(lock) as process:
        gone(process, how)
        assert f'"pid": {process.pid}' in lock.path.read_text()
        assert lock.holder() is None
        assert lock.take_over("break", since=SINCE) is None
        assert lock.acquire("next", since=SINCE).fence == 2


def test_children_of_a_holder_do_not_keep_its_lock_alive(lock: FileLock) -> None:
    lock.acquire("a", since=SINCE)
    sleeper = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, start_new_session=True, close_fds=False)
    try:
        lock.release()
        assert FileLock(lock.path).holder() is None
    finally:
        sleeper.kill()
        sleeper.wait(20)


def test_a_suspended_holder_that_was_taken_over_can_do_no_more_harm_once_it_goes_on(lock: FileLock) -> None:
    with holding(lock) as process:
        suspended(process)
        with pytest.raises(LockHeldError):
            lock.acquire("impatient", since=SINCE)
        held = lock.take_over("rollout lock break", since=SINCE)
        assert held is not None
        assert (held.pid, held.command) == (process.pid, "rollout deploy --from-a-child")
        assert lock.holder() is None
        label = lock.acquire("rollout deploy", since=SINCE)
        assert label.fence > held.fence
        process.send_signal(signal.SIGCONT)
        assert ask(process, "check").startswith("LockLostError: could not go on: the lock was taken over by")
        assert ask(process, "check").startswith("LockLostError")
        assert ask(process, "release") == "released"
        lock.check()
        assert FileLock(lock.path).holder() == label
        assert ask(process, "acquire").startswith("LockHeldError")


def test_a_holder_that_was_taken_over_and_whose_successor_is_done_has_still_lost_it(lock: FileLock) -> None:
    with holding(lock) as process:
        lock.take_over("break", since=SINCE)
        lock.acquire("next", since=SINCE)
        lock.release()
        told = ask(process, "check")
        assert told.startswith("LockLostError: could not go on: the lock was taken away, last by ")
        assert "next)" in told


def test_a_holder_is_told_who_broke_its_lock_though_nobody_has_taken_it_since(lock: FileLock) -> None:
    with holding(lock) as process:
        lock.take_over("rollout lock break", since=SINCE)
        told = ask(process, "check")
        assert "the lock was taken away, last by " in told
        assert f"(pid {os.getpid()}, rollout lock break)" in told


def test_a_lock_file_that_somebody_removed_is_a_lost_lock(lock: FileLock) -> None:
    lock.acquire("a", since=SINCE)
    lock.path.unlink()
    with pytest.raises(LockLostError, match="taken away"):
        lock.check()


def test_the_fence_only_grows(lock: FileLock) -> None:
    fences = []
    for _ in range(3):
        fences.append(lock.acquire("a", since=SINCE).fence)
        lock.release()
    with holding(lock) as process:
        fences.append(json.loads(lock.path.read_text())["fence"])
        lock.take_over("break", since=SINCE)
        fences.append(json.loads(lock.path.read_text())["fence"])
        gone(process, signal.SIGKILL)
    with holding(lock) as process:
        fences.append(json.loads(lock.path.read_text())["fence"])
        gone(process, signal.SIGKILL)
    fences.append(lock.acquire("a", since=SINCE).fence)
    assert fences == sorted(set(fences))


def test_a_label_that_is_shorter_than_the_one_before_leaves_nothing_of_it(lock: FileLock) -> None:
    lock.acquire("a" * 5000, since=SINCE)
    lock.release()
    label = lock.acquire("b", since=SINCE)
    assert FileLock(lock.path).holder() == label
    assert json.loads(lock.path.read_text())["command"] == "b"


def test_a_crash_between_writing_a_label_and_cutting_the_old_one_loses_no_fence(lock: FileLock) -> None:
    for _ in range(3):
        lock.acquire("a" * 500, since=SINCE)
        lock.release()
    old = lock.path.read_bytes()
    label = lock.acquire("b", since=SINCE)
    lock.release()
    new = lock.path.read_bytes()
    lock.path.write_bytes(new + old[len(new) :])
    assert lock.acquire("c", since=SINCE).fence == label.fence + 1


@pytest.mark.parametrize("content", [b"", b"garbage", b"{}", b"\xff\x00", b"[1]", b'{"fence": "many"}'])
def test_a_label_that_is_garbage_keeps_nobody_out_and_hides_no_holder(lock: FileLock, content: bytes) -> None:
    lock.path.write_bytes(content)
    assert lock.holder() is None
    assert lock.acquire("a", since=SINCE).fence == 1
    lock.path.write_bytes(content)
    holder = FileLock(lock.path).holder()
    assert holder is not None
    assert holder.user == "?"
    with pytest.raises(LockHeldError):
        FileLock(lock.path).acquire("b", since=SINCE)


def test_readers_that_ask_all_the_time_never_make_taking_it_fail(lock: FileLock) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            assert hear(stack.enter_context(child(READER, str(lock.path)))) == "reading"
        end = time.monotonic() + 2
        taken = 0
        while time.monotonic() < end:
            assert lock.acquire("a", since=SINCE).fence == taken + 1
            lock.check()
            lock.release()
            taken += 1
        assert taken > 20


def test_of_many_that_want_it_at_once_exactly_one_gets_it(lock: FileLock) -> None:
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(child(HOLDER, str(lock.path))) for _ in range(4)]
        for process in processes:
            say(process, "acquire")
        answers = [hear(process) for process in processes]
    assert sum(answer.isdigit() for answer in answers) == 1
    assert sum(answer.startswith("LockHeldError") for answer in answers) == 3


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_group_can_take_it_too_whatever_the_umask(lock: FileLock, mask: int) -> None:
    with umask(mask):
        lock.acquire("a", since=SINCE)
        assert mode_of(lock.path) == 0o660
        FileLock(lock.path).take_over("break", since=SINCE)
        assert mode_of(lock.path) == 0o660
    assert sorted(path.name for path in lock.path.parent.iterdir()) == ["lock"]


def test_a_directory_that_is_missing_is_an_error_not_a_free_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "none" / "lock")
    assert lock.holder() is None
    with pytest.raises(FileNotFoundError, match="none"):
        lock.acquire("a", since=SINCE)


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from console.adapters.storage.lock import FileLock
os.setgid(65534)
os.setuid(65534)
lock = FileLock(Path(sys.argv[1]))
try:
    lock.acquire("a", since="now")
except OSError as error:
    print(type(error).__name__, flush=True)
else:
    print("taken", flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_directory_that_can_not_be_written_is_an_error_that_changes_nothing() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        with child(UNPRIVILEGED, str(directory / "lock")) as process:
            assert hear(process) == "PermissionError"
        assert list(directory.iterdir()) == []
