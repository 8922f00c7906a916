"""The two ways out of a command: data on stdout, narration on stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TextIO

from console.cli.terminal import Terminal, look
from console.cli.writer import Writer
from console.model.errors import RolloutError

CLOSE_DEADLINE = 5.0
"""Seconds that the end of a command waits for a slow reader; a stalled terminal must not keep the process."""
_PATIENCE = 3600.0
"""Seconds that a command waits whose text is all that it is for: somebody may read it page by page."""


class Output:
    """Where a command's text goes. Only `settle` and `close` wait, and only `settle` raises."""

    def __init__(self, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str]) -> None:
        self._streams = (stdout, stderr)
        self._environ = environ
        self.data_terminal: Terminal
        self.narration_terminal: Terminal
        self.look()
        self._data = Writer(stdout)
        narration = Writer(stderr)
        same = self._data.identity is not None and self._data.identity == narration.identity
        self._narration = self._data if same else narration

    def look(self) -> None:
        """Look at the terminals (again): they change their size."""
        self.data_terminal, self.narration_terminal = (look(stream, self._environ) for stream in self._streams)

    @property
    def reader_gone(self) -> bool:
        """Whether nobody reads stdout any more."""
        return self._data.broken

    def data(self, text: str) -> None:
        """Text for stdout, with its line ends."""
        self._data.write(text)

    def document(self, content: Mapping[str, object]) -> None:
        """One JSON object on one line of stdout; ASCII only, so that no terminal is ever steered by it."""
        self._data.write(json.dumps(content, default=str, allow_nan=False) + "\n")

    def narrate(self, text: str) -> None:
        """Text for stderr, with its line ends."""
        self._narration.write(text)

    def settle(self) -> None:
        """Wait for the reader of stdout, as long as reading may take; one that went away has read enough.

        Raises:
            RolloutError: the text did not come out whole.
        """
        taken = self._data.flush(_PATIENCE)
        problem = self._data.problem if taken else f"nobody read on for {_PATIENCE / 60:.0f} min"
        if problem:
            now = "what was written is not the whole"
            raise RolloutError("write the output", problem, now=now, next_command="df -h")

    def close(self) -> None:
        """Wait, bounded, until everything is out."""
        self._data.close(CLOSE_DEADLINE)
        if self._narration is not self._data:
            self._narration.close(CLOSE_DEADLINE)
