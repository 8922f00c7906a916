"""The generator's process as the kernel sees it: no supervisor in between."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from console.model.load import Command, LoadConfig, Message
from console.model.load_wire import decode_message, encode

ROOT = Path(__file__).resolve().parents[2]


class RawLoad:
    """`python -m console.load` with its pipes in hand.

    `prefix` is put before its command line; `first` are commands that come with the configuration; `program` is what
    Python runs.
    """

    def __init__(
        self,
        config: LoadConfig,
        *,
        prefix: Sequence[str] = (),
        pipe_size: int | None = None,
        first: tuple[Command, ...] = (),
        program: Sequence[str] = ("-m", "console.load"),
    ) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-P", *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        if pipe_size is not None:
            fcntl.fcntl(self.process.stdout, fcntl.F_SETPIPE_SZ, pipe_size)
        self.write(encode(config) + b"".join(map(encode, first)))  # at once: the process finds all of it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def command(self, command: Command) -> None:
        self.write(encode(command))

    def next(self) -> Message:
        """The next message. Blocks."""
        assert self.process.stdout is not None
        return decode_message(self.process.stdout.readline())

    def rest(self) -> list[Message]:
        """All messages to the end. Blocks."""
        assert self.process.stdout is not None
        return [decode_message(line) for line in self.process.stdout]
