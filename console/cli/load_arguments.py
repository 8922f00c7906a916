"""The grammar of `rollout load`: its own options and what their values may be."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from console.cli.mistakes import as_text
from console.cli.parser import Parser
from console.config.durations import parse_duration
from console.load.thresholds import Threshold, ThresholdError, parse_threshold
from console.model.load import CONNECTIONS, MAX_DURATION, MAX_RATE, MIN_RATE


def add_arguments(parser: Parser) -> None:
    """Add what only this command understands. Wrong values become `parser.mistakes`."""
    parser.description = "Send a constant rate of requests and count what is lost. Arrivals never wait\nfor answers."
    add = partial(_add, parser)
    add("url", nargs="?", read=as_text, metavar="URL", help="default: x-rollout.load.url, else the smoke URL")
    add("--rate", read=_rate, metavar="N", help="requests a second (default: x-rollout.load.rate, else 100)")
    add("--duration", read=_duration, default=10.0, metavar="TIME", help="default 10s; always bounded")
    add("--poisson", action="store_true", help="random arrivals at that rate instead of evenly spaced ones")
    add("--method", default="", read=as_text, metavar="NAME", help="default GET, or POST with a body")
    add("-H", "--header", action="append", default=[], read=_header, metavar="'NAME: VALUE'", help="repeatable")
    body = parser.add_mutually_exclusive_group()
    body.add_argument("--body", metavar="TEXT", help="body of every request")
    body.add_argument("--body-file", type=Path, metavar="FILE", help="the same from a file")
    add("--timeout", read=_duration, default=10.0, metavar="TIME", help="for one attempt (default 10s)")
    most = f"kept-alive connections (default {CONNECTIONS}, if so many may be)"
    add("--connections", read=_count, metavar="N", help=most)
    add("--max-connections", read=_count, default=1000, metavar="N", help="of all kinds (default 1000)")
    add("--fresh", read=_percent, default=0.1, metavar="PERCENT", help="requests on fresh connections (default 10)")
    add("--expect", read=_statuses, default=frozenset(), metavar="CODES", help="further good statuses: 404,503")
    named = "header:X-Rollout-Release"
    add("--release-from", default=named, read=as_text, metavar="RULE", help="header:NAME or json:FIELD")
    add("--slow-over", read=_duration, default=1.0, metavar="TIME", help="counts as slow beyond it (default 1s)")
    add(
        "--fail-on",
        action="append",
        default=[],
        read=_threshold,
        metavar="RULE",
        help="'dropped>0', 'p99>50ms', ... (quoted)",
    )
    add("--insecure", action="store_true", help="don't verify the server's certificate")
    add("--ca-file", default="", read=as_text, metavar="FILE", help="certificates to trust instead of the system's")
    add("--allow-remote", action="store_true", help="aim at something else than this stack's own published address")


def compare(args: argparse.Namespace, parser: Parser) -> None:
    """Note what each of two options rules out of the other."""
    if args.connections and args.max_connections and args.connections > args.max_connections:
        parser.mistakes.note(
            "--connections", f"{args.connections} kept alive are more than --max-connections {args.max_connections}"
        )


def _add(parser: Parser, *names: str, read: Callable[[str], object] | None = None, **settings: Any) -> None:  # noqa: ANN401 - argparse's
    if read:
        name = names[-1] if names[-1].startswith("-") else settings["metavar"]
        settings["type"] = parser.mistakes.noting(name, read)
    parser.add_argument(*names, **settings)


def _duration(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = parse_duration(text)
        if 0 < seconds <= MAX_DURATION:
            return seconds
    raise argparse.ArgumentTypeError(f"a time up to 24h was expected (500ms, 10s, 1m30s), not {text!r}")


def _rate(text: str) -> float:
    with contextlib.suppress(ValueError):
        rate = float(text)
        if MIN_RATE <= rate <= MAX_RATE:
            return rate
    bounds = f"from {MIN_RATE:g} to {MAX_RATE:,.0f}"
    raise argparse.ArgumentTypeError(f"requests a second {bounds} were expected, not {text!r}")


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
    # A value goes out byte for byte as it was typed, in whatever encoding (RFC 9110 §5.5: obs-text).
    return as_text(name.strip()), os.fsencode(value.strip()).decode("latin-1")


def _threshold(text: str) -> Threshold:
    try:
        return parse_threshold(text)
    except ThresholdError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
