"""A container's processes, read from this machine's own `/proc`: for an engine that runs on this very machine.

The engine starts a `ps` for each `top` (15 ms) and a whole process in the container for each `cat` (70 ms and more),
beside a proxy that reloads, and a cutover looks a few dozen times. The kernel tells the same in 0.1 ms: `top` itself
lists the processes of the container's control group. Their numbers are the engine's only where both see the same
process table; that is proven by the control group of the container's first process, which has the container's id.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from console.adapters.runtime.text import clean
from console.ports.proxy_host import Process

_PARENT = 1
"""Index of the parent in `/proc/<pid>/stat`, counted after the name in brackets (proc_pid_stat(5))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleProcesses:
    """The processes of one container. `find` makes it; None of a method means: ask the engine."""

    members: Path
    """The `cgroup.procs` of the container's control group; it outlives a restart of the container."""
    proc: Path

    @classmethod
    def find(cls, container: str, pid: int, *, root: Path = Path("/")) -> Self | None:
        """The processes of a container, by its full id and its first process; None where they are not visible."""
        proc = root / "proc"
        try:
            groups = (proc / str(pid) / "cgroup").read_text("utf-8")
            for folder in _folders(groups, container, root / "sys" / "fs" / "cgroup"):
                found = cls(members=folder / "cgroup.procs", proc=proc)
                with os.scandir(folder) as entries:
                    nested = any(entry.is_dir() for entry in entries)
                # In a group of groups the processes may be further down.
                if not nested and pid in found._pids():
                    return found
        except (OSError, ValueError):
            return None
        return None

    def read(self) -> tuple[Process, ...] | None:
        """The processes, parents before their children."""
        found: list[Process] = []
        try:
            for pid in self._pids():
                process = self._process(pid)
                if process is not None:
                    found.append(process)
        except (OSError, ValueError):
            return None
        return parents_first(found) or None

    def read_network(self, path: PurePosixPath) -> str | None:
        """A file below `/proc/net`, as the container has it."""
        if not path.is_relative_to("/proc/net"):
            return None
        try:
            for pid in self._pids():
                return (self.proc / str(pid) / "net" / path.relative_to("/proc/net")).read_text("ascii", "replace")
        except (OSError, ValueError):
            return None
        return None

    def _pids(self) -> tuple[int, ...]:
        """Raises `ValueError` for a process that is in another process table: its number is 0 here."""
        pids = tuple(dict.fromkeys(int(line) for line in self.members.read_text("ascii").split()))
        if 0 in pids:
            raise ValueError(f"{self.members} has processes that can't be seen from here")
        return pids

    def _process(self, pid: int) -> Process | None:
        """One process; None when it ended meanwhile."""
        folder = self.proc / str(pid)
        try:
            title = clean((folder / "cmdline").read_bytes().replace(b"\0", b" ")).strip()
            parent = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[_PARENT]
        except (FileNotFoundError, ProcessLookupError):
            return None
        return Process(pid=pid, parent=int(parent), title=title) if title else None


def parents_first(processes: list[Process]) -> tuple[Process, ...]:
    """Processes whose parent is not among them first, then by number."""
    pids = {process.pid for process in processes}
    return tuple(sorted(processes, key=lambda process: (process.parent in pids, process.pid)))


def _folders(groups: str, container: str, mounted: Path) -> Iterator[Path]:
    """Where the control groups that are the container's own are mounted, of either version (cgroups(7))."""
    for line in groups.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if container not in path.rpartition("/")[2]:
            continue
        for hierarchy in (controllers.removeprefix("name="),) if controllers else ("", "unified"):
            folder = mounted / hierarchy / path.lstrip("/")
            if (folder / "cgroup.procs").is_file():
                yield folder
