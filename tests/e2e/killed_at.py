"""The command line, killed at an exact moment: when the journal has just been told that a step began.

    python killed_at.py STEP COMMAND...

Everything is the real thing; only the moment of the SIGKILL is not left to chance.
"""

from __future__ import annotations

import os
import signal
import sys

from console.adapters.storage.journal import FileJournal
from console.cli.main import main
from console.model.events import Event, Record, StepStarted


def kill_at(step: str) -> None:
    """Have this process killed once the journal holds that the step began."""
    append = FileJournal.append

    def append_and_die(self: FileJournal, *, rollout: int, at: str, event: Event) -> Record:
        record = append(self, rollout=rollout, at=at, event=event)
        if isinstance(event, StepStarted) and event.step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return record

    FileJournal.append = append_and_die  # type: ignore[method-assign]


if __name__ == "__main__":
    kill_at(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
