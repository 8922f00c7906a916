"""What the commands need of the rest: one seam, so that each command can be tested on its own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from console.cli.command_line import CommandLine
from console.model.request import Actor
from console.model.spec import Spec

if TYPE_CHECKING:
    from console.engine.session import Session
    from console.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What `rollout init` found out about a stack."""

    spec: Spec
    text: str
    """What the user has to add to files of their own, to be pasted."""
    files: Mapping[Path, str]
    """The generated parts that are missing: absolute path and content, none of them the user's own file."""
    env: tuple[Path, str]
    """The stack's `.env`, and what it should contain."""


class Backend(Protocol):
    """The way to the configuration, the engine and the stack."""

    def load(self, line: CommandLine, environ: Mapping[str, str]) -> Spec:
        """The stack that the command line means. Raises `ConfigError` with every problem at once."""
        ...

    def session(self, spec: Spec, actor: Actor, *, read_only: bool) -> AbstractAsyncContextManager[Session]:
        """A session on a stack; leaving closes it, bounded."""
        ...

    def demo(self, line: CommandLine, actor: Actor) -> AbstractAsyncContextManager[Session]:
        """A session on an embedded stack that serves already; leaving takes it down."""
        ...

    async def findings(self, spec: Spec) -> tuple[Finding, ...]:
        """What stands between this stack and a deploy without drops."""
        ...

    def setup(self, line: CommandLine, environ: Mapping[str, str]) -> Setup:
        """What a stack needs to be rolled out. Raises `ConfigError`; touches nothing."""
        ...

    def prepare(self, spec: Spec) -> None:
        """Make the directories that the engine owns, with their modes. Idempotent. Raises `OSError`."""
        ...
