"""`rollout demo` that watches a release for longer: what has to come in mid-rollout finds one on any machine.

`python -m tests.tui.long_watch SECONDS demo ...`: all but the length of the watch is as in the demo.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Self

from console.cli.main import main
from console.demo.stack import stack
from console.demo.stack.stack import EmbeddedStack
from console.model.spec import WatchSpec


class PatientStack(EmbeddedStack):
    """The embedded stack with another watch."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.spec = replace(self.spec, watch=WatchSpec(window=float(sys.argv[1])))
        return self


if __name__ == "__main__":
    stack.EmbeddedStack = PatientStack  # type: ignore[misc]
    sys.exit(main(sys.argv[2:]))
