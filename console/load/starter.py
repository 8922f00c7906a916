"""Whether the process that this one works for is stopped.

A person who stops it (Ctrl-Z, `kill -STOP`) means its load as well. The generator is in a session of its own, where no
signal of the terminal reaches it, and a stopped process can't tell anybody; so it looks.
"""

from __future__ import annotations

import os

_STOPPED = b"T"
"""The state of a process that job control has stopped (man 5 proc_pid_stat); one under a debugger is in `t`."""


class Starter:
    """One process, by its id. Where the system has no `/proc`, it counts as running."""

    def __init__(self, pid: int) -> None:
        try:
            self._fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1

    def stopped(self) -> bool:
        """Whether it is stopped at this moment."""
        if self._fd < 0:
            return False
        try:
            stat = os.pread(self._fd, 256, 0)
        except OSError:  # it is gone; the pipes tell that
            return False
        return stat.rpartition(b")")[2].lstrip()[:1] == _STOPPED

    def close(self) -> None:
        """Look no more. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
