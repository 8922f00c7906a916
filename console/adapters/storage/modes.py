"""Files and directories of the state, with the mode that they are meant to have whatever the umask says."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def open_with_mode(path: Path, flags: int, mode: int) -> int:
    """Open a file, made with exactly this mode when it isn't there; returns its descriptor. Raises `OSError`.

    A file that is there keeps its mode: somebody may have chosen it.
    """
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, mode)
    with contextlib.suppress(PermissionError):  # some network file systems have no modes to set
        os.fchmod(descriptor, mode)
    return descriptor


def make_directory(path: Path, mode: int) -> None:
    """Make a directory and its parents, the last one with exactly this mode. Idempotent. Raises `OSError`.

    The set-group-id bit that it got from its parent stays: by it a state directory hands its group down.
    """
    if path.is_dir():
        return
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode | (path.stat().st_mode & stat.S_ISGID))
