"""The body that `rollout load` is to send, from a file: never more than is sent, and never waited for without end."""

from __future__ import annotations

import os
import select
import shlex
from pathlib import Path

from console.load.template import MOST_BODY
from console.model.errors import UsageError

_SILENCE = 10.0
"""Seconds that a pipe may bring nothing."""


def read_body(path: Path) -> bytes:
    """All that a file holds, or a pipe brings.

    Raises:
        UsageError: it can't be read, is longer than what is sent, or is a pipe that stays silent.
    """
    try:
        body = _read(path)
    except OSError as error:
        raise _unread(path, error.strerror or type(error).__name__) from error
    if len(body) > MOST_BODY:
        raise _unread(path, f"it is longer than the {MOST_BODY:,} bytes that are sent at most")
    return body


def _read(path: Path) -> bytes:
    """Up to one byte more than may be sent. Raises `OSError`."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe without a writer is opened all the same
    try:
        body = bytearray()
        while len(body) <= MOST_BODY:
            if not select.select([fd], [], [], _SILENCE)[0]:
                raise TimeoutError(None, f"a pipe that brought nothing for {_SILENCE:g} s")
            piece = os.read(fd, MOST_BODY + 1 - len(body))
            if not piece:
                break
            body += piece
        return bytes(body)
    finally:
        os.close(fd)


def _unread(path: Path, found: str) -> UsageError:
    return UsageError(
        "read the body",
        f"{path}: {found}",
        now="nothing was sent",
        next_command=f"ls -l {shlex.quote(str(path))}",
    )
