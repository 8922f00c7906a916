"""Errors, sorted by what the user must do next.

Every error says what was attempted, what was found, what is true now and the next command to type.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in the input, with its place."""

    where: str
    """Path in the file, environment variable or flag, for example `x-rollout.ready.deadline`."""
    message: str
    hint: str = ""
    place: str = ""
    """`file:line` where that is known, for example `docker-compose.yml:12`."""


class RolloutError(Exception):
    """Base of everything that is told to the user without a traceback.

    Args:
        attempted: what was being done, as an infinitive phrase ("apply the upstream").
        found: what was seen instead.
        now: what is true now, for the users' traffic first.
        next_command: the next command to type, or empty.
    """

    def __init__(self, attempted: str, found: str, *, now: str = "", next_command: str = "") -> None:
        super().__init__(f"could not {attempted}: {found}")
        self.attempted = attempted
        self.found = found
        self.now = now
        self.next_command = next_command


class ConfigError(RolloutError):
    """The input is wrong: all problems at once. Exit code 78."""

    def __init__(self, problems: tuple[Problem, ...], *, attempted: str = "read the configuration") -> None:
        count = len(problems)
        super().__init__(attempted, f"{count} problem{'' if count == 1 else 's'}", now="nothing was touched")
        self.problems = problems


class UsageError(RolloutError):
    """The command line asks for something that makes no sense. Exit code 64.

    Args:
        command: the command whose grammar it breaks; empty where that is not known, or does not matter.
    """

    def __init__(self, attempted: str, found: str, *, now: str = "", next_command: str = "", command: str = "") -> None:
        super().__init__(attempted, found, now=now, next_command=next_command)
        self.command = command
        self.problems: tuple[Problem, ...] = ()
        """Each of several mistakes, which `found` names too; `where` is an option's name or empty."""


class LockHeldError(RolloutError):
    """Another rollout of the same stack is running. Exit code 75."""


class LockLostError(RolloutError):
    """The lock was taken over while this rollout was suspended; it must not act any more. Exit code 1."""


class ReadOnlyError(RolloutError):
    """Acting was asked of a read-only engine. Exit code 64."""


class RefusedError(RolloutError):
    """The action can't be done in the present state; nothing was changed. Exit code 3."""


class RuntimeFailedError(RolloutError):
    """The container runtime failed or could not be reached."""


class RuntimeUnreachableError(RuntimeFailedError):
    """There is no container runtime to ask: no daemon, or no permission on its socket. Exit code 78."""


class ProxyRefusedError(RolloutError):
    """The proxy did not take the configuration: validation failed, or it was not seen serving it."""


class ProxyUnreachableError(RolloutError):
    """The proxy is gone or does not answer on its control listener."""


class ProxyGoneError(ProxyUnreachableError):
    """As its container is, the proxy will never answer: waiting for it is of no use.

    Args:
        crashing: whether it was started and ended by itself, so that its configuration is to be looked at.
    """

    def __init__(
        self, attempted: str, found: str, *, now: str = "", next_command: str = "", crashing: bool = False
    ) -> None:
        super().__init__(attempted, found, now=now, next_command=next_command)
        self.crashing = crashing


class CutOffError(RolloutError):
    """The operator ended it at once, before it could tell what it came to. Exit code 130."""


class InconclusiveError(RolloutError):
    """A watch saw too few requests and was told to pause, where nobody can let it go on."""


class DeadlineError(RolloutError):
    """A wait ran into its deadline."""
