"""What `rollout load` is to send and where: by its options, and by the stack's configuration where that is needed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from console.cli.load_body import read_body
from console.cli.output import Output
from console.cli.render.style import Mark, Style
from console.load.guard import check_aim, published
from console.load.target import TargetError
from console.model.errors import ConfigError, UsageError
from console.model.load import CONNECTIONS, Arrivals, LoadConfig

if TYPE_CHECKING:
    from console.config.load import Loaded

_RATE = 100.0
"""Requests a second where nothing else says how many."""


def load_config(args: argparse.Namespace, environ: Mapping[str, str], output: Output) -> LoadConfig:
    """One run of the generator.

    Raises:
        UsageError: it may not be aimed there, or its body can't be read.
        ConfigError: the stack's configuration is needed, or was named, and is wrong.
    """
    loaded = _loaded(args, environ, output)
    load = loaded.spec.load if loaded else None
    url = args.url or (load.url if load else loaded.spec.smoke.url if loaded else None) or ""
    if not args.allow_remote:
        _check_aim(url, loaded)
    body = _body(args)
    return LoadConfig(
        url=url,
        rate=args.rate or (load.rate if load else _RATE),
        duration=args.duration,
        arrivals=Arrivals.POISSON if args.poisson else Arrivals.CONSTANT,
        method=(args.method or ("POST" if body else "GET")).upper(),
        headers=tuple(args.header),
        body=body,
        timeout=args.timeout,
        connections=args.connections or min(CONNECTIONS, args.max_connections),
        max_connections=args.max_connections,
        fresh_share=args.fresh,
        expect=args.expect,
        release_from=args.release_from,
        objective=args.slow_over,
        allow_remote=args.allow_remote,
        insecure=args.insecure,
        ca_file=args.ca_file,
    )


def _check_aim(url: str, loaded: Loaded | None) -> None:
    try:
        check_aim(url, published(loaded.spec, loaded.static.proxy.ports) if loaded else frozenset())
    except TargetError as error:
        help_command = "rollout load --help"
        raise UsageError("aim the load", str(error), now="nothing was sent", next_command=help_command) from error


def _loaded(args: argparse.Namespace, environ: Mapping[str, str], output: Output) -> Loaded | None:
    """The stack here, whose own address may be aimed at; None when there is none and it is not needed."""
    from console.config.discovery import named  # noqa: PLC0415 - runs `docker compose config`
    from console.config.load import load  # noqa: PLC0415 - as above
    from console.config.options import Options  # noqa: PLC0415
    from console.config.start import start  # noqa: PLC0415

    options = Options(
        files=tuple(getattr(args, "files", None) or ()),
        project_name=getattr(args, "project_name", None),
        state_dir=getattr(args, "state_dir", None),
    )
    meant = not args.url or named(options, environ)
    if not meant and args.allow_remote and args.rate:
        return None  # nothing that it says could matter
    started = start(options, environ)
    if not meant and not started.found.files:
        return None
    try:
        return load(options, environ, started)
    except ConfigError as error:
        if meant or not args.allow_remote:
            raise
        told = f"the stack's configuration here is wrong ({error.found}): {_RATE:g} requests a second, not its own rate"
        output.narrate(Style(output.narration_terminal).mark(Mark.WARNING, f"{told} (see rollout check)") + "\n")
        return None


def _body(args: argparse.Namespace) -> bytes:
    """Byte for byte as it was typed, or as the file has it."""
    return os.fsencode(args.body or "") if args.body_file is None else read_body(args.body_file)
