"""The grammar of the command line. Nothing heavy is imported here: `--help` is as fast as Python starts."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn, TypeAlias

from console.cli.command_line import CommandLine
from console.cli.exit_codes import MEANINGS
from console.cli.mistakes import Mistakes, as_text
from console.cli.suggest import better_message

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 - no public name
PROGRAM = "rollout"
ROLLOUTS = ("up", "deploy", "cutover", "drain", "rollback", "retire")
SOURCES = ("auto", "build", "pull", "local")
FORMATS = ("text", "json", "md", "junit")
HELP_WIDTH = 79
"""Columns at most; one less than the terminal's 80, so that no line wraps."""

_SUMMARIES = {
    "status": "who serves, what waits, whether everything agrees",
    "deploy": "start a release, verify it, cut over, drain the old one",
    "cutover": "move the traffic to the idle color, as it runs",
    "drain": "wait until a color out of the upstream serves nothing",
    "rollback": "back to the previous release, through the same steps",
    "retire": "stop the warm standby",
    "history": "the releases that served",
    "receipt": "the evidence of a rollout",
    "recover": "say what is true after an interruption, and go on",
    "lock": "who holds the stack's lock; break it, on the record",
    "check": "preflight: will this drop requests?",
    "load": "send load and count every dropped request",
    "demo": "deploys under your eyes on an embedded stack, no Docker",
    "init": "what a stack needs to be rolled out; writes only its own parts",
    "up": "bring the active color and the proxy up, recreating nothing",
    "down": "stop and remove the stack's containers; volumes and state stay",
}


class TextRequestedError(Exception):
    """`--help` or `--version`: not an error, only the quickest way out of argparse. Its text goes to stdout."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        epilog = _exit_code_text() if parser.prog == PROGRAM else ""
        raise TextRequestedError(parser.format_help() + epilog)


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        raise TextRequestedError(version() + "\n")


class Parser(argparse.ArgumentParser):
    """An argument parser that never prints and never ends the process: its errors are `UsageError` (exit code 64)."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - argparse's own constructor, passed through
        super().__init__(**(settings | {"add_help": False}))
        self.mistakes = Mistakes()
        self.add_argument("-h", "--help", action=_Help, nargs=0, default=argparse.SUPPRESS, help="print this help")

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and leaving with 2."""
        better = better_message(message, commands=tuple(_SUMMARIES), options=self._option_string_actions)
        self.mistakes.note("", better)
        raise self.mistakes.error(self.prog)


def parse(argv: Sequence[str]) -> CommandLine:
    """Read a command line.

    Raises:
        UsageError: it makes no sense.
        TextRequestedError: `--help` or `--version` was asked for.
    """
    parser = build(with_load="load" in argv)
    namespace, unknown = parser.parse_known_args(list(argv))
    values = vars(namespace)
    asked: Parser = values.pop("grammar", parser)
    values["command"] = values.get("command") or ""
    if values["command"] == "load":
        from console.cli.load_arguments import compare  # noqa: PLC0415 - as its grammar

        compare(namespace, asked)
    if unknown:
        asked.error(f"unrecognized arguments: {' '.join(unknown)}")
    if asked.mistakes:
        raise asked.mistakes.error(asked.prog)
    values["files"] = (*values.pop("files_before", ()), *(values.get("files") or ()))
    known = {field.name for field in fields(CommandLine)}
    own = namespace if values["command"] == "load" else None
    return CommandLine(**{name: value for name, value in values.items() if name in known}, load=own)


def build(*, with_load: bool = False) -> Parser:
    """The parser of everything; the load generator's own grammar only when it is asked for."""
    parser = Parser(
        prog=PROGRAM,
        usage="rollout [options] [command] [options]",
        description="Deploy a Docker Compose stack with zero dropped requests, and the evidence to\n"
        "prove it. Without a command: the console.",
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print the version")
    _common(parser, files="files_before")
    commands: Commands = parser.add_subparsers(dest="command", metavar="command", title="commands", parser_class=Parser)
    for action in ROLLOUTS:
        _rollout(_command(commands, action), action)
    _looking(commands)
    _mending(commands)
    _stack(commands)
    if with_load and load_exists():
        from console.cli.load_arguments import add_arguments  # noqa: PLC0415 - its grammar pulls the generator in

        add_arguments(_command(commands, "load"))
    elif load_exists():
        commands.add_parser("load", help=_SUMMARIES["load"])
    return parser


def load_exists() -> bool:
    """Whether the load generator is installed with this command line."""
    return importlib.util.find_spec("console.cli.load") is not None


def _command(commands: Commands, name: str) -> Parser:
    parser = commands.add_parser(
        name,
        prog=f"rollout {name}",
        help=_SUMMARIES[name],
        description=_SUMMARIES[name][0].upper() + _SUMMARIES[name][1:] + ".",
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    _common(parser, files="files")
    parser.set_defaults(grammar=parser)
    return parser


def _common(parser: argparse.ArgumentParser, *, files: str) -> None:
    group = parser.add_argument_group("common options, before or after the command")
    nothing = argparse.SUPPRESS
    group.add_argument(
        "-f", "--file", dest=files, action="append", metavar="FILE", default=nothing, help="Compose file; repeatable"
    )
    group.add_argument("-p", "--project-name", metavar="NAME", default=nothing, help="Compose project name")
    group.add_argument("--state-dir", metavar="DIR", default=nothing, help="state directory (default: state/)")
    group.add_argument("--json", action="store_true", default=nothing, help="data on stdout as JSON")
    group.add_argument("--plain", action="store_true", default=nothing, help="append-only lines, no cursor moves")
    group.add_argument("--read-only", action="store_true", default=nothing, help="look, never act")
    group.add_argument("--ascii", action="store_true", default=nothing, help="the console: no signs beyond ASCII")


def _rollout(parser: Parser, action: str) -> None:
    parser.add_argument("--plan", action="store_true", help="print what would be done, do nothing")
    match action:
        case "deploy":
            parser.add_argument(
                "--image",
                type=parser.mistakes.noting("--image", as_text),
                metavar="REF",
                help="image to deploy (default: what the Compose file says)",
            )
            parser.add_argument(
                "--source",
                choices=SOURCES,
                default="auto",
                help="where the image comes from: auto builds if the service has a build section, else pulls what "
                "is missing; local neither builds nor pulls",
            )
            parser.add_argument("--no-cutover", action="store_true", help="end once the new color is verified")
        case "drain":
            parser.add_argument("color", nargs="?", choices=("blue", "green"), help="default: the idle color")
        case "rollback":
            parser.add_argument(
                "--to", dest="to_release", type=_release, metavar="ID", help="release of `rollout history`"
            )
    if action in {"deploy", "cutover"}:
        parser.add_argument(
            "--confirm", metavar="NAME", help="the stack's name, for a protected stack without a terminal"
        )
    if action in {"deploy", "cutover", "rollback"}:
        _load_flags(parser)
        _smoke(parser)


def _load_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("synthetic load")
    group.add_argument(
        "--load",
        dest="with_load",
        nargs="?",
        type=_rate,
        const=0.0,
        metavar="RATE",
        help="send requests through the whole rollout and judge by them (default rate: the stack's load block)",
    )
    group.add_argument(
        "--require-zero-drops",
        action="store_true",
        help="exit 1 unless the load, which this starts, proves that nothing was dropped",
    )


def _rate(text: str) -> float:
    from console.model.load import MAX_RATE, MIN_RATE  # noqa: PLC0415 - `--help` needs none of it

    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not MIN_RATE <= rate <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: requests a second, from {MIN_RATE:g} to {MAX_RATE:g}")
    return rate


def _smoke(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("smoke test (also ROLLOUT_SMOKE_URL, _STATUS, _ATTEMPTS, _TIMEOUT, _DELAY)")
    group.add_argument("--smoke-url", metavar="URL", help="asked through the proxy; its path, of each replica")
    group.add_argument("--smoke-status", metavar="CODE", help="the status that counts")
    group.add_argument("--smoke-attempts", metavar="N", help="how often to try")
    group.add_argument("--smoke-timeout", metavar="TIME", help="for one answer, for example 2s")
    group.add_argument("--smoke-delay", metavar="TIME", help="between two attempts, for example 500ms")


def _looking(commands: Commands) -> None:
    status = _command(commands, "status")
    status.add_argument("--watch", action="store_true", help="look again and again until interrupted")
    status.add_argument("--interval", type=_interval, default=1.0, metavar="S", help="seconds between (default 1)")
    history = _command(commands, "history")
    history.add_argument("--limit", type=_positive, default=20, metavar="N", help="newest releases (default 20)")
    receipt = _command(commands, "receipt")
    receipt.add_argument(
        "receipt", nargs="?", type=_of_rollout, metavar="ID", help="of the rollout (default: the last)"
    )
    receipt.add_argument("--format", choices=FORMATS, default="text", help="default: text; json is the file as it is")
    check = _command(commands, "check")
    check.add_argument("--strict", action="store_true", help="warnings count too")


def _mending(commands: Commands) -> None:
    recover = _command(commands, "recover")
    choice = recover.add_mutually_exclusive_group()
    for name, text in (
        ("resume", "carry the rollout on"),
        ("rollback", "back to the color that served before"),
        ("adopt", "take what is live for the truth"),
    ):
        choice.add_argument(f"--{name}", dest="choice", action="store_const", const=name, help=text)
    lock = _command(commands, "lock")
    lock.add_argument("lock_action", nargs="?", choices=("status", "break"), default="status", metavar="status|break")
    lock.add_argument("--yes", action="store_true", help="break it without asking")


def _stack(commands: Commands) -> None:
    demo = _command(commands, "demo")
    demo.add_argument("--headless", action="store_true", help="no screen: narrate, then print a receipt")
    demo.add_argument("--deploys", type=_positive, default=3, metavar="N", help="how many (default 3)")
    demo.add_argument("--replicas", type=_positive, default=1, metavar="N", help="of each color (default 1)")
    demo.add_argument("--proxy", choices=("nginx",), default="nginx", help="kind of proxy")
    demo.add_argument("--keep", action="store_true", help="go on serving afterwards, until interrupted")
    init = _command(commands, "init")
    init.add_argument("--write", action="store_true", help="write the generated parts (never your Compose file)")
    init.add_argument("--write-env", action="store_true", help="name the generated override in .env (COMPOSE_FILE)")
    _command(commands, "down")


def _release(text: str) -> int:
    """`41` or `r41`; 0 is what ran before the first rollout."""
    digits = text.removeprefix("r")
    return 0 if digits == "0" else _positive(digits)


def _of_rollout(text: str) -> int:
    """`41` or `r41`."""
    return _positive(text.removeprefix("r"))


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError(f"a whole number from 1 was expected, not {text!r}")
    return int(text)


def _interval(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:  # noqa: PLR2004 - faster is load, slower is no watch
        raise argparse.ArgumentTypeError(f"seconds from 0.1 to 3600 were expected, not {text!r}")
    return seconds


def _formatter(prog: str) -> argparse.HelpFormatter:
    columns = int(os.environ.get("COLUMNS", "") or 0) if os.environ.get("COLUMNS", "").isdigit() else HELP_WIDTH
    width = max(40, min(HELP_WIDTH, columns))
    return argparse.RawDescriptionHelpFormatter(prog, width=width, max_help_position=26)


def _exit_code_text() -> str:
    import textwrap  # noqa: PLC0415 - only for the help of the whole

    lines = ["", "exit codes:"]
    for code, text in MEANINGS.items():
        lines += textwrap.wrap(text, HELP_WIDTH, initial_indent=f"  {int(code):>3}  ", subsequent_indent=" " * 7)
    return "\n".join(lines) + "\n"


def version() -> str:
    """`rollout 0.1.0 (Python 3.11.7)`."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - 20 ms that only --version pays
    from importlib.metadata import version as installed  # noqa: PLC0415

    try:
        number = installed("rollout-console")
    except PackageNotFoundError:
        number = "(not installed)"
    return f"rollout {number} (Python {sys.version.split()[0]})"
