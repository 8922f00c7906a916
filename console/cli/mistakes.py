"""What is wrong with a command line, kept until all of it was read, so that everything is told at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TypeVar

from console.model.errors import Problem, UsageError

Value = TypeVar("Value")


def as_text(given: str) -> str:
    """An argument as it is. Raises `ArgumentTypeError` for bytes that are no text in the encoding of this locale."""
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(
            f"text in {sys.getfilesystemencoding().upper()} was expected, not the bytes {os.fsencode(given)!r}"
        ) from error
    return given


class Mistakes:
    """In the order in which they were found. True when there are any."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def note(self, option: str, message: str) -> None:
        """Keep one; `option` is empty when it is not about a single one."""
        self._found.append(Problem(where=option, message=message))

    def noting(self, option: str, read: Callable[[str], Value]) -> Callable[[str], Value | None]:
        """A reader, for argparse's `type`, whose `ArgumentTypeError` is noted; its value is None then."""

        def noted(text: str) -> Value | None:
            try:
                return read(text)
            except argparse.ArgumentTypeError as error:
                self.note(option, str(error))
                return None

        return noted

    def error(self, program: str) -> UsageError:
        """All of them, in the grammar of `rollout` or of `rollout COMMAND`."""
        found = [f"{one.where}: {one.message}" if one.where else one.message for one in self._found]
        error = UsageError(
            "read the command line",
            "; ".join(found),
            now="nothing was touched",
            next_command=f"{program} --help",
            command=program.partition(" ")[2],
        )
        if len(found) > 1:
            error.problems = tuple(self._found)
        return error
