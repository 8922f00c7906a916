"""Waiting for a reader that takes nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.cli.writer import Writer

PATIENCE = 30.0
"""Seconds that a flush is given; an interrupt ends it long before."""


class InterruptedHereError(Exception):
    """What the signal's handler raises."""


@contextmanager
def unread() -> Iterator[Writer]:
    """A writer whose reader takes nothing, with more to write than a pipe holds; the reader goes in the end."""
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "w") as stream:
        writer = Writer(stream)
        try:
            writer.write("x" * 1_000_000)
            yield writer
        finally:
            os.close(ours)
            writer.close(PATIENCE)


@contextmanager
def raising(number: int) -> Iterator[None]:
    """Have the main thread raise when that signal comes."""

    def raise_it(*_: object) -> None:
        raise InterruptedHereError

    before = signal.signal(number, raise_it)
    try:
        yield
    finally:
        signal.signal(number, before)


def flush_beside(other: threading.Thread, writer: Writer) -> None:
    other.start()
    writer.flush(PATIENCE)


def test_an_interrupt_that_no_wait_was_there_to_be_woken_by_still_ends_the_wait_for_a_reader() -> None:
    # To the system it is delivered on another thread: so the wait goes on as it does where the signal came just before.
    def interrupt() -> None:
        time.sleep(0.3)  # the main thread waits by then, or its wait begins with the signal pending: both are meant
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    with unread() as writer, raising(signal.SIGUSR1):
        other = threading.Thread(target=interrupt)
        began = time.monotonic()
        with pytest.raises(InterruptedHereError):
            flush_beside(other, writer)
        took = time.monotonic() - began
        other.join(PATIENCE)
    assert took < PATIENCE / 2


def test_a_flush_waits_as_long_as_it_was_told_to_and_no_longer() -> None:
    with unread() as writer:
        began = time.monotonic()
        assert writer.flush(0.7) is False
        assert 0.7 <= time.monotonic() - began < PATIENCE / 2


def test_a_flush_ends_once_the_reader_has_taken_everything() -> None:
    ours, theirs = os.pipe()
    taken: list[int] = []

    def take() -> None:
        time.sleep(0.7)
        while chunk := os.read(ours, 65536):
            taken.append(len(chunk))

    with os.fdopen(theirs, "w") as stream:
        writer = Writer(stream)
        reader = threading.Thread(target=take)
        reader.start()
        writer.write("x" * 1_000_000)
        assert writer.flush(PATIENCE) is True
        assert writer.close(PATIENCE)
    reader.join(PATIENCE)
    os.close(ours)
    assert sum(taken) == 1_000_000
