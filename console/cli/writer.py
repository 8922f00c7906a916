"""Writing that can neither fail nor block a rollout.

A reader may go away (`| head`), a terminal may hang up (EIO), and a stalled SSH link or a Ctrl-S blocks whoever writes.
So text goes through a queue to a thread that alone meets the file descriptor; once that breaks, text goes nowhere.
The thread writes to the descriptor itself: a daemon thread that blocks inside Python's buffered streams would make the
interpreter abort at its end.
"""

from __future__ import annotations

import os
import select
import threading
from queue import SimpleQueue
from time import monotonic
from typing import TextIO

_SLICE = 0.5
"""Seconds."""


class Writer:
    """One way out for text; `write` returns at once and never raises."""

    def __init__(self, stream: TextIO | None) -> None:
        self._descriptor = _descriptor(stream)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._queue: SimpleQueue[bytes | threading.Event | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._broken = self._descriptor is None
        self.problem = ""
        """Why text could not be written; empty when its reader only went away."""

    @property
    def broken(self) -> bool:
        """Whether nobody reads any more."""
        return self._broken

    @property
    def identity(self) -> tuple[int, int, int] | None:
        """Device and inode behind it: two writers with the same one must be one, or their lines lose their order."""
        if self._descriptor is None:
            return None
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_rdev

    def write(self, text: str) -> None:
        """Queue text."""
        if self._broken or not text:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="rollout-writer", daemon=True)
            self._thread.start()
        self._queue.put(text.encode(self._encoding, errors="replace"))

    def flush(self, deadline: float) -> bool:
        """Wait until all text so far is written or nowhere to be, at most `deadline` seconds; False when it was not."""
        if self._thread is None:
            return True
        done = threading.Event()
        self._queue.put(done)
        end = monotonic() + deadline
        # In slices: an interrupt that comes just before the wait for a lock begins is noticed only when that ends.
        while not done.wait(min(_SLICE, max(0.0, end - monotonic()))):
            if monotonic() >= end:
                return False
        return True

    def close(self, deadline: float) -> bool:
        """Wait until everything is written, at most `deadline` seconds; False when it was not."""
        if self._thread is None:
            return True
        self._queue.put(None)
        self._thread.join(deadline)
        return not self._thread.is_alive()

    def _drain(self) -> None:
        while (chunk := self._queue.get()) is not None:
            if isinstance(chunk, threading.Event):
                chunk.set()
            elif not self._broken:
                self._broken = not self._write_all(chunk)

    def _write_all(self, chunk: bytes) -> bool:
        descriptor = self._descriptor
        if descriptor is None:
            return False
        rest = memoryview(chunk)
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                select.select([], [descriptor], [])
            except BrokenPipeError:
                return False
            except OSError as error:
                self.problem = error.strerror or type(error).__name__
                return False
        return True


def _descriptor(stream: TextIO | None) -> int | None:
    try:
        if stream is None:
            return None
        stream.flush()
        return stream.fileno()
    except (OSError, ValueError):
        return None
