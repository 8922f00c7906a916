"""Keeps an interrupt waiting while modules are imported.

A `KeyboardInterrupt` in the middle of a class statement may be lost in the C code that makes the class (msgspec's is
such a one), and what uses that half-made class later ends with a segmentation fault.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Honour a SIGINT that comes meanwhile right afterwards. No child may be started within: it would inherit it.

    Raises:
        KeyboardInterrupt: at the end, when one came.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
