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
"""The stamp of what falls due while the watch only waits for its last answers: the watch does not judge it."""
TICK = 0.1
"""Seconds between looks at the counters; what they say is acted upon within a second."""

_LONG = 1.0
"""Seconds without an answer from which on a request in flight is told of."""
_REPORTED = 0.3
"""Seconds until a snapshot has certainly told of what was due last."""
_COUNTED = 1.0
"""Seconds beyond its time limit within which a request without an answer is counted as dropped."""


class LoadJudge:
    """One watch's view of the load."""

    def __init__(self, load: Load, world: World) -> None:
        self._load = load
        self._world = world
        self._due: deque[tuple[float, int]] = deque()
        """When so many were due; of the last second, and one look longer."""

    def look(self) -> None:
        """Raise `RuntimeFailedError` once too many of enough requests are known to be dropped."""
        counts = self._load.counts_in(PHASE)
        judge(counts, self._world.spec.watch)
        now = self._world.ports.clock.monotonic()
        self._due.append((now, counts.due))
        while len(self._due) > 1 and self._due[1][0] <= now - _LONG:
            self._due.popleft()

    def so_far(self) -> str:
        """The counters, and what waits for an answer for long."""
        counts = self._load.counts_in(PHASE)
        at, due = self._due[0]
        late = unanswered(counts) - (counts.due - due)  # all that were due since may be without an answer as well
        known = self._world.ports.clock.monotonic() - at >= _LONG and late > 0
        waiting = f", at least {late:,} without an answer for more than {_LONG:g} s" if known else ""
        return f"{counts.dropped:,} dropped / {counts.done:,}{waiting}{_beside(self._load, counts)}"

    async def settle(self, interrupted: Callable[[], bool]) -> LoadCounts:
        """Wait until every request of the window has come to its end, or its time to do so is over.

        A request that hangs is no less lost for having been due late in the window. What then still has no answer is
        counted as dropped.

        Args:
            interrupted: whether there is something more urgent than to wait on.

        Raises:
            RuntimeFailedError: too many requests were dropped.
        """
        load, world, clock = self._load, self._world, self._world.ports.clock
        counts = load.counts_in(PHASE)
        if counts.alive and unanswered(counts):
            await load.phase(AFTERWARDS)
        began = shown = clock.monotonic()
        end = began + world.spec.answer_timeout + _COUNTED
        while (counts := load.counts_in(PHASE)).alive and not interrupted():
            judge(counts, world.spec.watch)
            now, waiting = clock.monotonic(), unanswered(counts)
            if not waiting and now - began >= _REPORTED:
                break
            if now >= end:
                counts = replace(counts, done=counts.done + waiting, dropped=counts.dropped + waiting)
                break
            if now - shown >= _LONG:
                shown = now
                text = f"{counts.dropped:,} dropped / {counts.done:,}, {waiting:,} not answered yet"
                world.progress(text, left=end - now)
            await clock.sleep(TICK)
        judge(counts, world.spec.watch)
        return counts

    def conclude(self, counts: LoadCounts) -> str:
        """What a window that brought no verdict means: enough requests, or too few to tell.

        Raises:
            RuntimeFailedError: no request at all was answered, or the spec wants no inconclusive watch.
            InconclusiveError: the spec wants somebody to look at an inconclusive watch, and nobody is there.
        """
        if counts.done and counts.dropped == counts.done:
            text = f"none of {counts.done:,} synthetic requests got a good answer"
            raise RuntimeFailedError("keep the release", text)
        spec = self._world.spec.watch
        doubt = _doubt(counts, spec)
        if doubt is not None:
            return self._inconclusive(*doubt)
        if counts.unexpected == counts.done:
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


def _doubt(counts: LoadCounts, spec: WatchSpec) -> tuple[str, str] | None:
    """Why the counters tell nothing, and what to do about it."""
    if not counts.alive:
        return counts.problem or "the load generator gave no data", "rollout load, to see it alone"
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
