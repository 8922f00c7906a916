"""`rollout load`: the load generator by itself, with a summary and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import sys
from typing import TYPE_CHECKING

from console.cli.exit_codes import ExitCode
from console.cli.load_measure import measure
from console.cli.output import Output
from console.load.guard import check_aim, published
from console.load.target import TargetError
from console.model.errors import ConfigError, UsageError
from console.model.load import Arrivals, LoadConfig

if TYPE_CHECKING:
    from console.config.load import Loaded

_HELP = "rollout load --help"


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
