"""When requests are due: open loop, so that no answer ever delays an arrival."""

from __future__ import annotations

import sys
from math import inf
from random import Random

from console.model.load import Arrivals


class Schedule:
    """Arrival times at a rate that may change while it runs. Times are seconds on one monotonic clock.

    Constant arrivals are computed from an anchor (`anchor + n / rate`), so that no rounding error adds up.
    """

    def __init__(self, *, start: float, rate: float, arrivals: Arrivals, seed: int | None = None) -> None:
        self._random = Random(seed) if arrivals is Arrivals.POISSON else None  # noqa: S311 - spreads load, guards nothing
        self._anchor = start
        self._count = 0
        self._overdue: list[float] = []
        self.rate = rate
        self.end = inf
        """No arrival at or after this time."""
        self.next = start + self._gap() if self._random or rate <= 0 else start
        """When the next request is due that is still to come; infinite when the rate is 0 or the schedule has ended."""

    def take(self, now: float, limit: int) -> list[float]:
        """The times of up to `limit` requests that are due by `now`, in order; each is given out once."""
        taken: list[float] = []
        if self._overdue:
            taken, self._overdue = self._overdue[:limit], self._overdue[limit:]
        due, end, steady = self.next, self.end, self._random is None
        # `_advance` without a call for each: this is the way of every request.
        anchor, count, rate = self._anchor, self._count, self.rate
        while due <= now and due < end and len(taken) < limit:
            taken.append(due)
            if steady:
                count += 1
                due = anchor + count / rate
            else:
                due += self._gap()
        self._count = count
        self.next = due if due < end else inf
        return taken

    def skip(self, before: float) -> int:
        """Give up the requests that were due before that time; returns how many."""
        kept = [due for due in self._overdue if due >= before]
        skipped = len(self._overdue) - len(kept)
        self._overdue = kept
        while self.next < min(before, self.end):
            self._advance()
            skipped += 1
        return skipped

    @property
    def waiting(self) -> float:
        """When the earliest request that wasn't given out yet is or was due; infinite when there is none any more."""
        return self._overdue[0] if self._overdue else self.next

    def set_rate(self, rate: float, now: float) -> None:
        """Go on at another rate. What is due by `now` stays due; the gap to the next arrival is scaled."""
        self._overdue += self.take(now, sys.maxsize)
        ahead = self.next - now
        if rate <= 0:
            self.rate, self.next = 0.0, inf
            return
        gap = ahead * self.rate / rate if self.rate > 0 and ahead != inf else 1 / rate
        self.rate = rate
        self.next = self._anchor = now + gap
        self._count = 0
        if self.next >= self.end:
            self.next = inf

    def stop(self, now: float) -> None:
        """No arrival after `now`."""
        self.end = min(self.end, now)
        if self.next >= self.end:
            self.next = inf

    def _advance(self) -> None:
        if self.rate <= 0:
            self.next = inf
        elif self._random is None:
            self._count += 1
            self.next = self._anchor + self._count / self.rate
        else:
            self.next += self._gap()

    def _gap(self) -> float:
        if self.rate <= 0:
            return inf
        return self._random.expovariate(self.rate) if self._random else 1 / self.rate
