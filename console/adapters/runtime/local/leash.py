"""A leash: child processes end when their parent does, however it ended. Standard library only; also runs as a script.

The parent holds the write end of a pipe and nobody else does, so its read end reports the end of the parent, also
after SIGKILL. That needs neither Linux's PR_SET_PDEATHSIG nor polling for the parent's pid, and has no moment in which
a child is started but not yet on the leash.

    leash.py FD app PATH           runs a Python program in this very process (a file, or a package with `__main__`)
    leash.py FD exec PROGRAM ...   runs any program as a child of this process, and passes SIGTERM on to it
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

GRACE = 5.0
"""Seconds between the polite and the final end of an orphan."""
_FORMS = {"app", "exec"}


class Leash:
    """The parent's side: children started with `pass_fds=(leash.fd,)` through `leash.command` end with this process."""

    def __init__(self) -> None:
        self.fd, self._held = os.pipe()

    def command(self, form: str, *program: str) -> tuple[str, ...]:
        """The argument list that runs a program on the leash; `form` is `app` or `exec`."""
        return (sys.executable, "-I", "-u", str(Path(__file__)), str(self.fd), form, *program)

    def let_go(self) -> None:
        """Close both ends: what still runs on this leash is ended. Idempotent."""
        for descriptor in {self.fd, self._held} - {-1}:
            os.close(descriptor)
        self.fd = self._held = -1


def run_app(descriptor: int, program: Path) -> None:
    """Run a Python program in this process, and end it when the parent has ended."""
    threading.Thread(target=_end_with_parent, args=(descriptor,), name="leash", daemon=True).start()
    sys.argv = [str(program)]
    if (program / "__init__.py").is_file():
        sys.path.insert(0, str(program.parent))
        runpy.run_module(program.name, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(program if program.is_dir() else program.parent))
        runpy.run_path(str(program), run_name="__main__")


def run_program(descriptor: int, program: list[str]) -> int:
    """Run any program as a child in the same process group; returns its exit code, 128 + n for signal n."""
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL)  # noqa: S603 - the group is ours, and so is its end

    def end(_signal: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(descriptor, child), name="leash", daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _end_with_parent(descriptor: int, child: subprocess.Popen[bytes] | None = None) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    if child is not None:
        child.kill()
    os._exit(1)


def main(argv: list[str]) -> int:
    """Entry point of the child's side."""
    if len(argv) < 3 or argv[1] not in _FORMS:  # noqa: PLR2004
        sys.stderr.write("usage: leash.py FD (app PATH | exec PROGRAM [ARGUMENT ...])\n")
        return 64
    if argv[1] == "exec":
        return run_program(int(argv[0]), argv[2:])
    run_app(int(argv[0]), Path(argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
