"""Durations in logarithmic buckets: bounded memory, exact merge, quantiles within 0.8 %.

The layout is that of HdrHistogram: a value of `u` units with more than seven significant bits keeps its upper seven,
so that each bucket is at most 1/64 of its value wide and its middle is off by at most 1/128. Below 128 units a
bucket is one unit wide, and one unit is 100 ns. Everything above `MAX_SECONDS` shares the last bucket.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, islice
from math import inf
from operator import lt

UNITS_PER_SECOND = 10_000_000
MAX_SECONDS = 3600.0
_MAX_UNITS = int(MAX_SECONDS * UNITS_PER_SECOND)
_SUB_BITS = 6
_EXACT = 1 << (_SUB_BITS + 1)

_WORTH_SORTING = 400
"""Durations from which on so many share a bucket that sorting them is cheaper than counting each."""


def bucket_of(seconds: float) -> int:
    """The bucket that a duration falls into; negative durations count as zero."""
    return bucket_of_units(int(seconds * UNITS_PER_SECOND))


def bucket_of_units(units: int) -> int:
    """The bucket of a duration in units of 100 ns."""
    if units < _EXACT:
        return max(units, 0)
    units = min(units, _MAX_UNITS)
    shift = units.bit_length() - _SUB_BITS - 1
    return (shift << _SUB_BITS) + (units >> shift)


def middle_of(bucket: int) -> float:
    """The middle of a bucket, in seconds."""
    if bucket < _EXACT:
        return (bucket + 0.5) / UNITS_PER_SECOND
    shift = (bucket >> _SUB_BITS) - 1
    lowest = (bucket - (shift << _SUB_BITS)) << shift
    return (lowest + (1 << shift) / 2) / UNITS_PER_SECOND


def _highest_of(bucket: int) -> float:
    """The most units that fall into a bucket."""
    if bucket == _LAST:
        return inf
    if bucket < _EXACT:
        return bucket
    shift = (bucket >> _SUB_BITS) - 1
    return ((bucket + 1 - (shift << _SUB_BITS)) << shift) - 1


_LAST = bucket_of(MAX_SECONDS)
BUCKETS = _LAST + 1
"""How many buckets there are at most: the bound on memory."""


class Histogram:
    """Counts of durations. Merging is exact: it adds counts of equal buckets, in any order, with the same result."""

    __slots__ = ("_counts", "_packed")

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts: dict[int, int] = dict(counts or {})
        self._packed: list[int] | None = None

    @property
    def counts(self) -> dict[int, int]:
        """Bucket -> how many; buckets without a value are left out."""
        if self._packed is not None:
            self._counts = dict(zip(self._packed[::2], self._packed[1::2], strict=True))
            self._packed = None
        return self._counts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    def __repr__(self) -> str:
        return f"Histogram(total={self.total}, p50={self.quantile(0.5)!r}, p99={self.quantile(0.99)!r})"

    __hash__ = None  # type: ignore[assignment]  # mutable: equal contents today may differ tomorrow

    def record(self, seconds: float) -> None:
        """Count one duration. Seconds."""
        bucket = bucket_of(seconds)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def record_rounded(self, durations: Iterable[float], grain: float) -> None:
        """Count many durations, each rounded to a multiple of `grain` first. Seconds, of both.

        Where a rough figure does, far fewer buckets have to be written, read and added up.
        """
        counts = self.counts
        for multiple, count in Counter([int(seconds / grain + 0.5) for seconds in durations]).items():
            bucket = bucket_of(multiple * grain)
            counts[bucket] = counts.get(bucket, 0) + count

    def record_all(self, durations: Iterable[float]) -> None:
        """Count many durations: the same as `record` for each, at a fifth of the price. Seconds."""
        units = [int(seconds * UNITS_PER_SECOND) for seconds in durations]
        counts, start, total = self.counts, 0, len(units)
        if total < _WORTH_SORTING:
            get = counts.get
            for unit in units:
                if _EXACT <= unit <= _MAX_UNITS:
                    shift = unit.bit_length() - _SUB_BITS - 1
                    bucket = (shift << _SUB_BITS) + (unit >> shift)
                else:
                    bucket = bucket_of_units(unit)
                counts[bucket] = get(bucket, 0) + 1
            return
        units.sort()
        while start < total:
            bucket = bucket_of_units(units[start])
            end = bisect_right(units, _highest_of(bucket), start)
            counts[bucket] = counts.get(bucket, 0) + end - start
            start = end

    def merge(self, other: Histogram) -> None:
        """Add the other's counts to this one."""
        counts, packed = self.counts, other._packed
        pairs = other._counts.items() if packed is None else zip(packed[::2], packed[1::2], strict=True)
        for bucket, count in pairs:
            counts[bucket] = counts.get(bucket, 0) + count

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """The duration that `share` (0 to 1) of the values don't exceed, in seconds; None without values.

        It is the value of rank ceil(share x total), as sorting all values would give it, within half a bucket.
        """
        return self.quantiles((share,))[0]

    def quantiles(self, shares: Iterable[float]) -> tuple[float | None, ...]:
        """Several quantiles for the price of one sort; in the order asked for."""
        wanted = tuple(shares)
        total = self.total
        if not total:
            return (None,) * len(wanted)
        ranks = [max(1, min(total, -int(-share * total // 1))) for share in wanted]
        found: dict[int, float] = {}
        pending = sorted(set(ranks), reverse=True)
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            while pending and seen >= pending[-1]:
                found[pending.pop()] = middle_of(bucket)
        return tuple(found[rank] for rank in ranks)

    @property
    def mean(self) -> float | None:
        """The mean in seconds, within half a bucket; None without values."""
        total = self.total
        return sum(middle_of(bucket) * count for bucket, count in self.counts.items()) / total if total else None

    @property
    def maximum(self) -> float | None:
        """The largest value in seconds, within half a bucket; None without values."""
        return middle_of(max(self.counts)) if self.counts else None

    @property
    def minimum(self) -> float | None:
        """The smallest value in seconds, within half a bucket; None without values."""
        return middle_of(min(self.counts)) if self.counts else None

    def packed(self) -> list[int]:
        """Flat, for the wire: bucket, count, bucket, count, ..., by bucket."""
        if self._packed is not None:
            return list(self._packed)
        return list(chain.from_iterable(sorted(self.counts.items())))

    @classmethod
    def unpacked(cls, flat: Iterable[int]) -> Histogram:
        """The inverse of `packed`. Raises `ValueError` when the numbers can't be one.

        It stays packed until somebody looks into it: most of what a stream brings is only ever added up.
        """
        numbers = list(flat)
        if len(numbers) % 2:
            raise ValueError("a packed histogram has an even count of numbers")
        buckets, counts = numbers[::2], numbers[1::2]
        within = not buckets or (buckets[0] >= 0 and buckets[-1] < BUCKETS and min(counts) >= 1)
        if not within or not all(map(lt, buckets, islice(buckets, 1, None))):
            raise ValueError("a packed histogram names each bucket once, in order, within range, with a positive count")
        unpacked = cls()
        unpacked._packed = numbers
        return unpacked
