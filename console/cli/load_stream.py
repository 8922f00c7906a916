"""What `rollout load --json` writes to stdout: each line has a type, and the last one says how it ended."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from time import monotonic

from console.cli.exit_codes import exit_code
from console.cli.output import Output
from console.cli.render.load import found
from console.cli.render.problem import error_document
from console.load.thresholds import Threshold
from console.model.errors import RolloutError
from console.model.load import PROTOCOL_VERSION, Snapshot, Summary
from console.model.load_verdict import Judged, NoData, Verdict
from console.model.load_wire import encode

_COMPLAIN_EVERY = 5.0


class LoadStream:
    """Lines for scripts; where none are `wanted`, nothing is written."""

    def __init__(self, output: Output, *, wanted: bool) -> None:
        self._output = output
        self.wanted = wanted
        self._next_complaint = 0.0

    @property
    def unread(self) -> bool:
        """Whether lines are wanted, and nobody takes them."""
        return self.wanted and self._output.reader_gone

    def snapshot(self, snapshot: Snapshot) -> None:
        """Numbers came."""
        self._next_complaint = 0.0
        self._write(snapshot)

    def trouble(self, problem: str) -> None:
        """There are no numbers at present; may be called as often as one likes."""
        now = monotonic()
        if now >= self._next_complaint:
            self._next_complaint = now + _COMPLAIN_EVERY
            self._write(NoData(at=time.time(), problem=problem))

    def summary(self, run: Summary) -> None:
        """The generator summed up."""
        self._write(run)

    def verdict(self, run: Summary, thresholds: Sequence[Threshold], code: int) -> None:
        """How the command ends."""
        judged = tuple(_judged(threshold, run) for threshold in thresholds)
        self._write(Verdict(valid=run.valid, thresholds=judged, exit=code))

    def error(self, error: RolloutError) -> None:
        """There will be no summary, for this reason."""
        if self.wanted:
            self._output.document(error_document(error, exit_code(error), version=PROTOCOL_VERSION))

    def _write(self, line: Snapshot | Summary | NoData | Verdict) -> None:
        if self.wanted:
            self._output.data(encode(line).decode())


def _judged(threshold: Threshold, run: Summary) -> Judged:
    value = threshold.value(run)
    return Judged(
        threshold=threshold.text,
        value=None if value is None or math.isinf(value) else value,
        found=found(threshold, run),
        failed=threshold.crossed(run),
    )
