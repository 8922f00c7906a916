"""What nginx's process titles say: its workers, and the flags that its master runs with. Pure.

The set of worker pids is the only exact verdict on a reload: every refused reload leaves it as it was, while exit
codes are 0 in most of them (a bad log path, a changed shared memory zone, a port that is taken).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from console.model.observed import Worker
from console.ports.proxy_host import Process

_MASTER = "nginx: master process"
_WORKER = "nginx: worker process"
_RETIRING = "nginx: worker process is shutting down"
_FLAG = re.compile(r"\s+-([cpge])\s*")


def master_of(processes: Iterable[Process]) -> Process | None:
    """The master: the one with the master's title that is not a child of another such.

    A worker that was forked a moment ago still carries its master's title.
    """
    masters = {process.pid: process for process in processes if process.title.startswith(_MASTER)}
    return next((process for process in masters.values() if process.parent not in masters), None)


def workers_of(processes: Iterable[Process]) -> tuple[Worker, ...]:
    """All workers. nginx sets the title "is shutting down" right before it closes the listening sockets."""
    return tuple(
        Worker(pid=process.pid, retiring=process.title.startswith(_RETIRING))
        for process in processes
        if process.title.startswith(_WORKER)
    )


def command_of(master: Process) -> tuple[str, ...]:
    """The master's own command line: executable, then its `-c`, `-p`, `-g` and `-e` with their values.

    A reload or a test must use the very same flags, or it would read another configuration or another pid file.
    nginx joins its arguments with blanks in the title, so a value that holds ` -c ` can't be told apart.
    """
    executable, *flags = _FLAG.split(master.title.removeprefix(_MASTER).strip())
    command = [executable.split(" -")[0].strip() or "nginx"]
    for flag, value in zip(flags[::2], flags[1::2], strict=True):
        command += [f"-{flag}", value.strip()]
    return tuple(command)
