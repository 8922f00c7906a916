"""Every exit code of every command, in one place.

`rollout check` uses the same words: 0 when nothing blocks a deploy (warnings count only with `--strict`), 1 when a
human has to mend something first. `rollout status` ends with 1 when it needs a human: drift, or nothing serves.
Usage is never 2 (argparse's default): CI would read it as "rolled back".
"""

from __future__ import annotations

from enum import IntEnum

from console.model.errors import (
    ConfigError,
    CutOffError,
    LockHeldError,
    ReadOnlyError,
    RefusedError,
    RolloutError,
    RuntimeUnreachableError,
    UsageError,
)


class ExitCode(IntEnum):
    """What a process of `rollout` says with its end."""

    DONE = 0
    NEEDS_HUMAN = 1
    ROLLED_BACK = 2
    ABORTED = 3
    USAGE = 64
    LOCK_HELD = 75
    CONFIG = 78
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """The sentence that `--help` and the README print."""
        return MEANINGS[self]


MEANINGS = {
    ExitCode.DONE: "done; the new release serves",
    ExitCode.NEEDS_HUMAN: "needs a human: says what is where, and the next command to type",
    ExitCode.ROLLED_BACK: "rolled back cleanly: the previous color serves and the recorded state agrees",
    ExitCode.ABORTED: "aborted before any traffic moved: nothing changed for users",
    ExitCode.USAGE: "usage: the command line makes no sense",
    ExitCode.LOCK_HELD: "lock held by another rollout (who, since)",
    ExitCode.CONFIG: "config error (every error, with its path)",
    ExitCode.INTERRUPTED: "interrupted by the operator, safely",
}


def exit_code(error: RolloutError) -> ExitCode:
    """The code of an error that ended a command before or outside of a rollout."""
    match error:
        case UsageError() | ReadOnlyError():
            return ExitCode.USAGE
        case ConfigError() | RuntimeUnreachableError():
            return ExitCode.CONFIG
        case LockHeldError():
            return ExitCode.LOCK_HELD
        case RefusedError():
            return ExitCode.ABORTED
        case CutOffError():
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.NEEDS_HUMAN
