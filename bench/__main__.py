"""`make bench`: every figure that is promised, measured, each against a floor of the same run.

`python -m bench [NAME ...] [--rounds N]` runs some of them. Nothing here asserts: it prints.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys

NAMES = ("status", "deploy", "rollback", "load", "load_truth", "load_faults", "console", "console_speed")
LONG = ("load_soak",)
"""Only when named."""


def main() -> int:
    # Taken down like any other end, or the stack of a benchmark that is called off would stay.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES + LONG)}")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each, after one warm-up")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - {*NAMES, *LONG})
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    for name in arguments.names or NAMES:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").run(arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
