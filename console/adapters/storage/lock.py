"""The lock: `state/lock`, held by `flock` for as long as its holder lives.

The record inside (host, pid, user, command, since, fence) is only a label. Breaking the lock puts a new file in the
place of the held one: the old holder still has its `flock`, but on a file that is nobody's any more, and notices at
its next `check`. The fence is a number that only grows.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

from console.adapters.storage.modes import open_with_mode
from console.model.errors import LockHeldError, LockLostError
from console.ports.journal import LockLabel

MODE = 0o660
ATTEMPTS = 20
PAUSE = 0.005
"""Seconds between attempts."""
_FREE = "(free since) "
"""Before the command in the label of a lock that was broken and that nobody has taken since."""


class FileLock:
    """One rollout at a time for the stack whose state directory this is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._label: LockLabel | None = None

    def acquire(self, command: str, *, since: str) -> LockLabel:
        """Take the lock without waiting.

        Raises:
            LockHeldError: somebody holds it.
            OSError: the state directory can't be written.
        """
        label: LockLabel | None = None
        for _ in range(ATTEMPTS):
            descriptor = open_with_mode(self.path, os.O_RDWR, MODE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # A reader of `holder` holds it shared for an instant: a real holder still has it after all attempts.
                label = _read(descriptor)
                os.close(descriptor)
                time.sleep(PAUSE)
                continue
            if self._is_current(descriptor):
                return self._keep(descriptor, command, since=since)
            os.close(descriptor)  # it was replaced between open and flock: the next file is the one that counts
        raise _held(label)

    def check(self) -> None:
        """Raise `LockLostError` when the lock was taken over, or was never held."""
        if self._descriptor is not None and self._is_current(self._descriptor):
            return
        holder, last = self.holder(), self._last_label()
        raise LockLostError(
            "go on",
            f"the lock was taken over by {_who(holder)}"
            if holder
            else f"the lock was taken away{f', last by {_who(last)}' if last else ''}",
            now="this rollout does nothing more; whoever took the lock decides",
            next_command="rollout status",
        )

    def holder(self) -> LockLabel | None:
        """Who holds the lock; None when it is free. A record left by a dead holder counts as free."""
        if self._descriptor is not None and self._is_current(self._descriptor):
            return self._label
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(descriptor) or _unknown()
        else:
            return None
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the lock back. Idempotent; the file stays, with its fence."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        self._label = None

    def take_over(self, command: str, *, since: str) -> LockLabel | None:
        """Put a free lock of a higher fence in the place of a held one; returns who held it, None when nobody."""
        held = self.holder()
        if held is None:
            return None
        free = _label(f"{_FREE}{command}", since=since, fence=held.fence + 1)
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".lock-")
        try:
            os.fchmod(descriptor, MODE)
            _write(descriptor, free)
            Path(name).replace(self.path)
        finally:
            os.close(descriptor)
            Path(name).unlink(missing_ok=True)
        return held

    def _keep(self, descriptor: int, command: str, *, since: str) -> LockLabel:
        """Label the lock that was just taken; give it back when that can't be written."""
        last = _read(descriptor)
        label = _label(command, since=since, fence=(last.fence if last else 0) + 1)
        try:
            _write(descriptor, label)
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor, self._label = descriptor, label
        return label

    def _last_label(self) -> LockLabel | None:
        """Who held, or broke, the lock last; it may be free by now."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            label = _read(descriptor)
        finally:
            os.close(descriptor)
        return label and replace(label, command=label.command.removeprefix(_FREE))

    def _is_current(self, descriptor: int) -> bool:
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        here = os.fstat(descriptor)
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _label(command: str, *, since: str, fence: int) -> LockLabel:
    return LockLabel(
        host=socket.gethostname(), pid=os.getpid(), user=user_name(), command=command, since=since, fence=fence
    )


def user_name() -> str:
    """The login name of this process's user; its number where it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _unknown() -> LockLabel:
    return LockLabel(host="?", pid=0, user="?", command="?", since="?", fence=0)


def _who(label: LockLabel) -> str:
    return f"{label.user}@{label.host} (pid {label.pid}, {label.command})"


def _held(label: LockLabel | None) -> LockHeldError:
    found = f"{_who(label)} holds the lock since {label.since}" if label else "another process holds the lock"
    return LockHeldError(
        "take the lock",
        found,
        now="that rollout goes on; nothing was changed by this command",
        next_command="rollout status --watch",
    )


def _read(descriptor: int) -> LockLabel | None:
    try:
        data = json.loads(os.pread(descriptor, 65536, 0).partition(b"\n")[0])
        return LockLabel(
            host=str(data["host"]),
            pid=int(data["pid"]),
            user=str(data["user"]),
            command=str(data["command"]),
            since=str(data["since"]),
            fence=int(data["fence"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(descriptor: int, label: LockLabel) -> None:
    """Write the label over the old one, and only then cut what is left of that: its fence must never be lost."""
    data = json.dumps(asdict(label)).encode("ascii") + b"\n"
    os.pwrite(descriptor, data, 0)
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)
