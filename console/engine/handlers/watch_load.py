"""Judging a release by the synthetic requests that were due while it was watched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from console.engine.world import World
from console.model.errors import InconclusiveError, RuntimeFailedError
from console.model.events import Warned
from console.model.phase import Phase
from console.model.spec import Inconclusive, WatchSpec
from console.ports.load import Load, LoadCounts

PHASE = Phase.VERIFYING.value
"""Requests that were due in it are the new release's. What was due before, and fails meanwhile, is the old one's."""
AFTERWARDS = "after watch"
"""The stamp of what falls due from the end of the window until the next phase: the watch does not judge it."""
TICK = 0.1
"""Seconds between looks at the counters; what they say is acted upon within a second."""

_LONG = 1.0
"""Seconds without an answer from which on a request in flight is told of."""
_COUNTED = 1.0
"""Seconds beyond its time limit within which a request without an answer is counted as dropped."""
_SPARE = 3.0
"""Seconds beyond that until nothing more is waited for; a generator that is silent is no data before."""
_LEAP = 0.5
"""Seconds between two snapshots, of which the generator owes ten a second, from which on it was held up."""
_STAMPS = 3
"""How often the stamp is sent, a second for each; with as much silence there is no data."""
_TOO_EARLY = "the load ended before the watch did"
_UNCONFIRMED = "the load generator did not confirm the end of the watch"
_UNTOLD = "the load generator did not tell how the last requests ended"


class LoadJudge:
    """One watch's view of the load."""

    def __init__(self, load: Load, world: World) -> None:
        self._load = load
        self._world = world
        self._due: deque[tuple[float, int]] = deque()
        """When so many were due, by the generator's own clock; of the last second, and one snapshot longer."""

    def look(self) -> None:
        """Raise `RuntimeFailedError` once too many of enough requests are known to be dropped."""
        counts = self._judged()
        if self._due and self._due[-1][0] == counts.elapsed:
            return
        self._due.append((counts.elapsed, counts.due))
        while len(self._due) > 1 and self._due[1][0] <= counts.elapsed - _LONG:
            self._due.popleft()

    def so_far(self) -> str:
        """The counters, and what waits for an answer for long; of a generator that tells nothing, what it had told.

        While it is silent, nobody knows whether an answer came.
        """
        counts = self._load.counts_in(PHASE)
        counted = f"{counts.dropped:,} dropped / {counts.done:,}"
        if not counts.alive:
            return f"no data: {counts.problem or 'the load generator tells nothing'} ({counted} up to then)"
        at, due = self._due[0]
        late = unanswered(counts) - (counts.due - due)  # all that were due since may be without an answer as well
        known = counts.elapsed - at >= _LONG and late > 0
        waiting = f", at least {late:,} without an answer for more than {_LONG:g} s" if known else ""
        return f"{counted}{waiting}{_beside(self._load, counts)}"

    async def settle(self, interrupted: Callable[[], bool]) -> LoadCounts:
        """Wait until every request of the window has come to its end, or its time to do so is over.

        What a load that ended within the window has found counts, but that it found no more proves nothing.

        Args:
            interrupted: whether there is something more urgent than to wait on.

        Returns:
            The counters of the window; not alive where they do not tell how its requests ended.

        Raises:
            RuntimeFailedError: too many requests were dropped.
        """
        ended = self._load.counts().ended
        counts = await self._answered(interrupted)
        return replace(counts, alive=False, problem=f"{_TOO_EARLY}, {ended}") if ended else counts

    async def _answered(self, interrupted: Callable[[], bool]) -> LoadCounts:
        """See `settle`.

        A request that hangs is no less lost for having been due late in the window. It is counted as dropped when the
        generator itself still has no answer to it after that time, by its own clock: what was last heard of it before
        may be old, and a healthy release always has requests in flight. A leap of that clock is no time that the
        release had: a machine that is frozen as a whole holds it up as well.
        """
        stamped = await self._stamp(interrupted)
        counts = self._judged()
        if stamped is None:
            return _no_data(counts, _UNCONFIRMED)
        clock, patience = self._world.ports.clock, self._world.spec.answer_timeout + _COUNTED
        shown, told, left = clock.awake(), None, patience
        for _ in range(round((patience + _SPARE) / TICK)):
            if not counts.alive or interrupted():
                return counts
            waiting = unanswered(counts)
            if counts.snapshot > stamped:  # it has told of everything that was due in the window
                left -= 0.0 if told is None else min(_LEAP, counts.elapsed - told)
                told = counts.elapsed
                if not waiting:
                    return counts
                if left <= 0:
                    return self._lost(counts, waiting)
            if clock.awake() - shown >= _LONG:
                shown = clock.awake()
                text = f"{counts.dropped:,} dropped / {counts.done:,}, {waiting:,} not answered yet"
                self._world.progress(text, left=left)
            await clock.sleep(TICK)
            counts = self._judged()
        return _no_data(counts, _UNTOLD)

    async def _stamp(self, interrupted: Callable[[], bool]) -> int | None:
        """Let nothing more be due in the window; the number of the snapshot before. None when that is not certain."""
        for _ in range(_STAMPS):
            if not self._judged().alive or interrupted():
                return None
            stamped = await self._load.phase(AFTERWARDS)
            if stamped is not None:
                return stamped
        return None

    def _judged(self) -> LoadCounts:
        counts = self._load.counts_in(PHASE)
        judge(counts, self._world.spec.watch)
        return counts

    def _lost(self, counts: LoadCounts, waiting: int) -> LoadCounts:
        counts = replace(counts, done=counts.done + waiting, dropped=counts.dropped + waiting)
        judge(counts, self._world.spec.watch)
        return counts

    def conclude(self, counts: LoadCounts) -> str:
        """What a window that brought no verdict means: enough requests, or too few to tell.

        Raises:
            RuntimeFailedError: no request at all got a good answer, and the spec does not allow for all to fail; or the
                spec wants no inconclusive watch.
            InconclusiveError: the spec wants somebody to look at an inconclusive watch, and nobody is there.
        """
        spec = self._world.spec.watch
        if counts.done and counts.dropped == counts.done and spec.max_failure_ratio < 1.0:
            text = f"none of {counts.done:,} synthetic requests got a good answer"
            raise RuntimeFailedError("keep the release", text)
        doubt = _doubt(counts, spec)
        if doubt is not None:
            return self._inconclusive(*doubt)
        if counts.done and counts.unexpected == counts.done:
            hint = "correct x-rollout.load.url"
            self._world.publish(Warned(text="every answer was unexpected (4xx)", hint=hint))
        return f"{counts.dropped:,} dropped / {counts.done:,} synthetic requests{_beside(self._load, counts)}"

    def _inconclusive(self, why: str, hint: str) -> str:
        text = f"inconclusive: {why}"
        match self._world.spec.watch.inconclusive:
            case Inconclusive.ROLLBACK:
                raise RuntimeFailedError("judge the release", text)
            case Inconclusive.PAUSE:
                if self._world.hold is None:
                    raise InconclusiveError("judge the release", text, next_command="rollout drain")
                self._world.hold()
            case Inconclusive.CONTINUE:
                pass
            case _ as never:
                assert_never(never)
        self._world.publish(Warned(text=f"the watch is {text}", hint=hint))
        return text


def unanswered(counts: LoadCounts) -> int:
    """Requests that were sent and have come to no end yet."""
    return max(0, counts.due - counts.not_sent - counts.done)


def judge(counts: LoadCounts, spec: WatchSpec) -> None:
    """Raise `RuntimeFailedError` when enough requests were sent and too many of them were dropped."""
    done, dropped = counts.done, counts.dropped
    if done >= spec.min_requests and dropped > spec.max_failure_ratio * done:
        raise RuntimeFailedError(
            "keep the release",
            f"{dropped} of {done} synthetic requests were dropped, more than {spec.max_failure_ratio:.2%}",
        )


def _no_data(counts: LoadCounts, why: str) -> LoadCounts:
    """The counters as those of a generator that doesn't tell enough, with the reason unless there is one already."""
    return replace(counts, alive=False, problem=counts.problem or why)


def _doubt(counts: LoadCounts, spec: WatchSpec) -> tuple[str, str] | None:
    """Why the counters tell nothing, and what to do about it."""
    if not counts.alive:
        hint = "rollout load, to send it again" if counts.ended else "rollout load, to see it alone"
        return counts.problem or "the load generator gave no data", hint
    if counts.not_sent:
        why = f"{counts.not_sent:,} requests were never sent: the generator's own limit"
        return why, "lower x-rollout.load.rate"
    if counts.done < spec.min_requests:
        return f"{counts.done} requests, {spec.min_requests} needed", "raise x-rollout.load.rate or watch.window"
    return None


def _beside(load: Load, counts: LoadCounts) -> str:
    """What is no drop of this release's, for information."""
    judged = load.counts_in(PHASE).dropped + load.counts_in(AFTERWARDS).dropped
    earlier = load.counts().dropped - judged
    unexpected = f", {counts.unexpected:,} unexpected" if counts.unexpected else ""
    return unexpected + (f" ({earlier:,} dropped of those due earlier)" if earlier > 0 else "")
