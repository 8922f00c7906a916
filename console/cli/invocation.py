"""Everything that a command gets: what was typed, where to write, who asks, and the way to the engine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.cli.command_line import CommandLine
from console.cli.output import Output
from console.cli.render.style import Style
from console.model.errors import ReadOnlyError

if TYPE_CHECKING:
    from console.cli.backend import Backend
    from console.model.request import Actor
    from console.model.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One run of a command."""

    line: CommandLine
    output: Output
    environ: Mapping[str, str]
    actor: Actor
    backend: Backend
    interactive: bool
    """Whether a person can be asked: standard input and error are a terminal."""

    def spec(self) -> Spec:
        """The stack that was meant. Raises `ConfigError` with every problem at once."""
        return self.backend.load(self.line, self.environ)

    @property
    def data_style(self) -> Style:
        """How stdout paints."""
        return Style(self.output.data_terminal)

    @property
    def style(self) -> Style:
        """How stderr paints."""
        return Style(self.output.narration_terminal)

    def refuse_read_only(self, attempted: str) -> None:
        """Raise `ReadOnlyError` for an action that doesn't go through the engine, when only looking is allowed."""
        if self.line.read_only:
            raise ReadOnlyError(
                attempted,
                "--read-only was given",
                now="nothing was touched",
                next_command=self.actor.command.replace(" --read-only", ""),
            )

    def command(self, *words: str) -> str:
        """A command line for this very stack, to be pasted: with the flags that say which stack."""
        return self.for_this_stack(shlex.join(["rollout", *words]))

    def for_this_stack(self, command: str) -> str:
        """A `rollout` command with the flags that say which stack; any other command as it is.

        An embedded stack is nobody else's to act on: typed in a shell, the same command would act on another stack.
        Help is the same for every stack, and what was typed may say already which one.
        """
        line = self.line
        if line.command == "demo" and command.startswith("rollout ") and command != "rollout demo":
            return f"{command}   # on a stack of your own"
        flags: list[str] = [word for name in line.files for word in ("-f", name)]
        flags += ["-p", line.project_name] if line.project_name else []
        flags += ["--state-dir", line.state_dir] if line.state_dir else []
        words = command.split()
        if words[:1] != ["rollout"] or "--help" in words or {shlex.quote(flag) for flag in flags} <= set(words):
            return command
        return f"{command} {shlex.join(flags)}"
