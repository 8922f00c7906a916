"""`rollout load`: the load generator by itself, with a summary and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console.cli.exit_codes import ExitCode
from console.cli.load_measure import measure
from console.cli.output import Output
from console.config.durations import parse_duration
from console.load.guard import check_aim, published
from console.load.target import TargetError
from console.load.thresholds import Threshold, ThresholdError, parse_threshold
from console.model.errors import ConfigError, UsageError
from console.model.load import MAX_DURATION, MAX_RATE, Arrivals, LoadConfig

if TYPE_CHECKING:
    from console.config.load import Loaded

_HELP = "rollout load --help"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The grammar of `rollout load`."""
    parser = commands.add_parser(
        "load",
        prog="rollout load",
        help="send a constant rate of requests and count what is lost",
        description="Send a constant rate of requests and count what is lost. Arrivals never wait for answers.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("url", nargs="?", metavar="URL", help="default: x-rollout.load.url, else the smoke URL")
    add("--rate", type=_rate, metavar="N", help="requests a second (default: x-rollout.load.rate, else 100)")
    add("--duration", type=_duration, default=10.0, metavar="TIME", help="default 10s; always bounded")
    add("--poisson", action="store_true", help="random arrivals at that rate instead of evenly spaced ones")
    add("--method", default="", metavar="NAME", help="default GET, or POST with a body")
    add("-H", "--header", action="append", default=[], type=_header, metavar="'NAME: VALUE'", help="repeatable")
    body = parser.add_mutually_exclusive_group()
    body.add_argument("--body", metavar="TEXT", help="body of every request")
    body.add_argument("--body-file", type=Path, metavar="FILE", help="the same from a file")
    add("--timeout", type=_duration, default=10.0, metavar="TIME", help="for one attempt (default 10s)")
    add("--connections", type=_count, default=20, metavar="N", help="kept-alive connections (default 20)")
    add("--max-connections", type=_count, default=1000, metavar="N", help="of all kinds (default 1000)")
    add("--fresh", type=_percent, default=0.1, metavar="PERCENT", help="requests on fresh connections (default 10)")
    add("--expect", type=_statuses, default=frozenset(), metavar="CODES", help="further good statuses: 404,503")
    add("--release-from", default="header:X-Rollout-Release", metavar="RULE", help="header:NAME or json:FIELD")
    add("--slow-over", type=_duration, default=1.0, metavar="TIME", help="counts as slow beyond it (default 1s)")
    add("--fail-on", action="append", default=[], type=_threshold, metavar="RULE", help="dropped>0, p99>50ms, ...")
    add("--insecure", action="store_true", help="don't verify the server's certificate")
    add("--ca-file", default="", metavar="FILE", help="certificates to trust instead of the system's")
    add("--allow-remote", action="store_true", help="aim at something else than this stack's own published address")
    nothing = argparse.SUPPRESS
    add("-f", "--file", dest="files", action="append", metavar="FILE", default=nothing, help="Compose file")
    add("-p", "--project-name", metavar="NAME", default=nothing, help="Compose project name")
    add("--state-dir", metavar="DIR", default=nothing, help="state directory (default: state/)")
    add("--json", action="store_true", default=nothing, help="snapshots and summary as lines of JSON on stdout")
    add("--plain", action="store_true", default=nothing, help="append-only lines, no cursor moves")


def run(args: argparse.Namespace) -> int:
    """Run the load that was asked for; returns the exit code.

    Raises:
        UsageError: it may not be aimed there, or can't be sent so.
        ConfigError: the stack's configuration is needed and wrong.
        RuntimeFailedError: the generator died, so that there is no data.
        RolloutError: what it told could not be written.
    """
    config = _config(args)
    output = Output(sys.stdout, sys.stderr, os.environ)
    try:
        code = asyncio.run(measure(config, args, output))
        if code == ExitCode.DONE:
            output.settle()
        return code
    finally:
        output.close()


def _config(args: argparse.Namespace) -> LoadConfig:
    loaded = None if args.url and args.allow_remote else _loaded(args, needed=not args.url)
    spec = loaded and loaded.spec
    url = args.url or (spec and (spec.load.url if spec.load else spec.smoke.url)) or ""
    if not args.allow_remote:
        try:
            check_aim(url, published(loaded.spec, loaded.static.proxy.ports) if loaded else frozenset())
        except TargetError as error:
            raise UsageError("aim the load", str(error), now="nothing was sent", next_command=_HELP) from error
    rate = args.rate if args.rate is not None else spec.load.rate if spec and spec.load else 100.0
    body = _body(args)
    return LoadConfig(
        url=url,
        rate=rate,
        duration=args.duration,
        arrivals=Arrivals.POISSON if args.poisson else Arrivals.CONSTANT,
        method=(args.method or ("POST" if body else "GET")).upper(),
        headers=tuple(args.header),
        body=body,
        timeout=args.timeout,
        connections=args.connections,
        max_connections=args.max_connections,
        fresh_share=args.fresh,
        expect=args.expect,
        release_from=args.release_from,
        objective=args.slow_over,
        allow_remote=args.allow_remote,
        insecure=args.insecure,
        ca_file=args.ca_file,
    )


def _loaded(args: argparse.Namespace, *, needed: bool) -> Loaded | None:
    """The stack here, whose own address may be aimed at; None when there is none and the URL was given."""
    from console.config.load import load  # noqa: PLC0415 - runs `docker compose config`
    from console.config.options import Options  # noqa: PLC0415

    options = Options(
        files=tuple(getattr(args, "files", None) or ()),
        project_name=getattr(args, "project_name", None),
        state_dir=getattr(args, "state_dir", None),
    )
    try:
        return load(options, os.environ)
    except ConfigError:
        if needed:
            raise
        return None


def _body(args: argparse.Namespace) -> bytes:
    if args.body_file is None:
        return (args.body or "").encode()
    try:
        return bytes(args.body_file.read_bytes())
    except OSError as error:
        raise UsageError(
            "read the body",
            f"{args.body_file}: {error.strerror}",
            now="nothing was sent",
            next_command=f"ls -l {shlex.quote(str(args.body_file))}",
        ) from error


def _duration(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = parse_duration(text)
        if 0 < seconds <= MAX_DURATION:
            return seconds
    raise argparse.ArgumentTypeError(f"a time up to 24h was expected (500ms, 10s, 1m30s), not {text!r}")


def _rate(text: str) -> float:
    with contextlib.suppress(ValueError):
        rate = float(text)
        if 0 < rate <= MAX_RATE:
            return rate
    raise argparse.ArgumentTypeError(f"requests a second up to {MAX_RATE:,.0f} were expected, not {text!r}")


def _count(text: str) -> int:
    with contextlib.suppress(ValueError):
        number = int(text)
        if 0 < number <= 100_000:  # noqa: PLR2004 - more than there are ports
            return number
    raise argparse.ArgumentTypeError(f"a whole number from 1 to 100000 was expected, not {text!r}")


def _percent(text: str) -> float:
    with contextlib.suppress(ValueError):
        share = float(text.removesuffix("%")) / 100
        if 0 <= share <= 1:
            return share
    raise argparse.ArgumentTypeError(f"a percentage from 0 to 100 was expected, not {text!r}")


def _statuses(text: str) -> frozenset[int]:
    with contextlib.suppress(ValueError):
        codes = frozenset(int(code) for code in text.split(","))
        if all(100 <= code <= 599 for code in codes):  # noqa: PLR2004 - what HTTP has
            return codes
    raise argparse.ArgumentTypeError(f"status codes were expected (404,503), not {text!r}")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"'Name: value' was expected, not {text!r}")
    return name.strip(), value.strip()


def _threshold(text: str) -> Threshold:
    try:
        return parse_threshold(text)
    except ThresholdError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
