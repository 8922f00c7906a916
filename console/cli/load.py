"""`rollout load`: the load generator by itself, with a summary and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from console.cli.exit_codes import ExitCode
from console.cli.load_config import load_config
from console.cli.load_measure import measure
from console.cli.output import Output


def run(args: argparse.Namespace) -> int:
    """Run the load that was asked for; returns the exit code.

    Raises:
        UsageError: it may not be aimed there, or can't be sent so.
        ConfigError: the stack's configuration is needed and wrong.
        RuntimeFailedError: the generator died, so that there is no data.
        RolloutError: what it told could not be written.
    """
    output = Output(sys.stdout, sys.stderr, os.environ)
    try:
        code = asyncio.run(measure(load_config(args, os.environ, output), args, output))
        if code == ExitCode.DONE:
            output.settle()
        return code
    finally:
        output.close()
