"""A `rollout` process over a scripted engine: `python run_fake.py SCENARIO DIRECTORY arguments...`."""

from __future__ import annotations

import sys
from pathlib import Path

from console.cli.main import main
from console.model.color import Color
from console.model.events import CommandRan, Record, StepProgressed
from console.model.request import Outcome, Result
from tests.cli import samples
from tests.cli.fakes import FakeBackend, Script, held
from tests.cli.test_status import UNFINISHED

WAITING = (samples.STARTED, samples.step("ready", "wait until green is ready"))
OTHERS = tuple(
    Record(rollout=17, sequence=number, at=samples.AT, event=event)
    for number, event in enumerate(samples.GOOD, start=1)
    if not isinstance(event, StepProgressed)
)
SCENARIOS = {
    "others": Script(observed=(*(samples.OBSERVED,) * 2, samples.DRIFTED, samples.OBSERVED), later=OTHERS),
    "good": Script(events=samples.GOOD),
    "failed": Script(
        events=samples.FAILED,
        outcome=Outcome(rollout=17, result=Result.ROLLED_BACK, active=Color.BLUE, message="blue serves again"),
    ),
    "waiting": Script(events=WAITING, wait_for_abort=True, ending_seconds=0.4),
    "ending slowly": Script(events=WAITING, wait_for_abort=True, ending_seconds=5.0),
    "lasting": Script(events=WAITING, seconds=4.0),
    "flood": Script(events=(*WAITING, *(CommandRan(step="ready", command="x" * 200) for _ in range(5000)))),
    "protected": Script(events=samples.GOOD, protected=True),
    "unfinished": Script(verdict=UNFINISHED),
    "held": Script(lock=held()),
    "changing": Script(observed=(samples.OBSERVED, samples.DRIFTED) * 1000),
    "drift": Script(observed=(samples.DRIFTED,), history=samples.HISTORY),
}

if __name__ == "__main__":
    name, directory, *arguments = sys.argv[1:]
    sys.exit(main(arguments, backend=FakeBackend(Path(directory), SCENARIOS[name])))
