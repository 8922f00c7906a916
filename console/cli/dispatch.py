"""From a command line to its exit code: parse, hand over to the command, and turn every error into its code.

Heavy modules load only with the command that needs them: `--help` and `--version` cost little more than Python's start.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from console.cli.command_line import CommandLine
from console.cli.exit_codes import ExitCode, exit_code
from console.cli.output import Output
from console.cli.parser import TextRequestedError, parse
from console.cli.uninterrupted import uninterrupted
from console.model.errors import RolloutError, UsageError

if TYPE_CHECKING:
    from console.cli.backend import Backend
    from console.cli.invocation import Invocation

_MODULES = {
    "": "bare",
    "deploy": "rollout",
    "cutover": "rollout",
    "drain": "rollout",
    "rollback": "rollout",
    "retire": "rollout",
    "status": "status",
    "history": "history",
    "receipt": "receipt",
    "recover": "recover",
    "lock": "lock",
    "check": "check",
    "load": "load",
    "demo": "demo",
    "init": "init",
    "up": "rollout",
    "down": "down",
}
"""Command to module in `console.cli.commands`."""

_READING = {"history", "receipt"}
"""Commands whose text is all that they are for, however long it is and however slowly it is read."""


def dispatch(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    backend: Backend | None = None,
) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: the arguments without the program's name; default: the process's own.
        environ: default: the process's own.
        backend: the way to the engine; default: the real one.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    environment = os.environ if environ is None else environ
    output = Output(sys.stdout, sys.stderr, environment)
    try:
        return int(_run(arguments, environment, output, backend))
    finally:
        with suppress(KeyboardInterrupt):  # what is left is only waiting for a slow reader
            output.close()


def _run(argv: list[str], environ: Mapping[str, str], output: Output, backend: Backend | None) -> int:
    json = "--json" in argv
    invocation: Invocation | None = None
    try:
        with uninterrupted():  # options with a grammar of their own import as much as their command does
            line = parse(argv)
            run = _command(line.command)
        json = line.json
        invocation = _invocation(line, argv, environ, output, backend)
        return _carry_out(run, invocation)
    except TextRequestedError as requested:
        output.data(requested.text)
        return ExitCode.DONE
    except RolloutError as error:
        return _failed(error, invocation, output, json=json)
    except OSError as error:
        found = f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}"
        return _failed(_unfinished(found, error.filename), invocation, output, json=json)
    except KeyboardInterrupt:
        from console.cli.render.style import Mark, Style  # noqa: PLC0415 - only an interrupted command needs them

        output.narrate(Style(output.narration_terminal).mark(Mark.WARNING, "interrupted") + "\n")
        return ExitCode.INTERRUPTED


def _unfinished(found: str, file: object) -> RolloutError:
    import shlex  # noqa: PLC0415 - only a failure needs it

    look = f"ls -ld {shlex.quote(file)}" if isinstance(file, str) else "rollout status"
    return RolloutError("finish the command", found, now="what it did before that is done", next_command=look)


def _invocation(
    line: CommandLine, argv: list[str], environ: Mapping[str, str], output: Output, backend: Backend | None
) -> Invocation:
    from console.cli.actor import current_actor  # noqa: PLC0415 - help and usage errors need none of these
    from console.cli.invocation import Invocation  # noqa: PLC0415
    from console.cli.real_backend import RealBackend  # noqa: PLC0415
    from console.cli.terminal import is_tty  # noqa: PLC0415

    return Invocation(
        line=line,
        output=output,
        environ=environ,
        actor=current_actor(argv, environ),
        backend=backend or RealBackend(),
        interactive=is_tty(sys.stdin) and is_tty(sys.stderr),
    )


def _carry_out(run: Callable[[Invocation], int], invocation: Invocation) -> int:
    code = run(invocation)
    if invocation.line.command in _READING:
        invocation.output.settle()
    return code


def _command(name: str) -> Callable[[Invocation], int]:
    module = importlib.import_module(f"console.cli.commands.{_MODULES[name]}")
    return cast("Callable[[Invocation], int]", module.run)


def _version(command: str) -> int:
    """One stream, one version: the load's own stream has another one than everything else."""
    if command == "load":
        from console.model.load import PROTOCOL_VERSION  # noqa: PLC0415 - only its errors need it

        return PROTOCOL_VERSION
    from console.cli.render.document import VERSION  # noqa: PLC0415 - as above

    return VERSION


def _failed(error: RolloutError, invocation: Invocation | None, output: Output, *, json: bool) -> ExitCode:
    from console.cli.render.problem import error_document, error_text  # noqa: PLC0415 - only errors need them
    from console.cli.render.style import Style  # noqa: PLC0415

    command = error.command if isinstance(error, UsageError) else ""
    if invocation is not None:
        command = invocation.line.command
        error.next_command = invocation.for_this_stack(error.next_command)
    code = exit_code(error)
    if json:
        output.document(error_document(error, code, version=_version(command)))
    output.narrate(error_text(error, Style(output.narration_terminal)))
    return code
