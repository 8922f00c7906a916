"""Figures: medians of several rounds, and ratios taken round by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def seconds(label: str, values: Sequence[float]) -> None:
    """Print a time: median, lowest and highest."""
    low, mid, high = min(values), statistics.median(values), max(values)
    print(
        f"  {label:<58} {mid * 1000:8.1f} ms   ({low * 1000:.1f} to {high * 1000:.1f}, {len(values)} rounds)",
        flush=True,
    )


def ratio(
    label: str, values: Sequence[float], floors: Sequence[float], *, limit: float, aim: float | None = None
) -> None:
    """Print a ratio to a floor measured in the same round, and what was promised."""
    each = [value / floor for value, floor in zip(values, floors, strict=True)]
    mid = statistics.median(each)
    verdict = "holds" if mid <= limit else "FALLS SHORT"
    aimed = "" if aim is None else f", aim {aim:g}"
    print(
        f"  {label:<58} {mid:8.2f} x    ({min(each):.2f} to {max(each):.2f})  limit {limit:g}{aimed}: {verdict}",
        flush=True,
    )


def judge(label: str, value: float, limit: float, unit: str) -> None:
    """Print a figure and whether it keeps its limit."""
    verdict = "holds" if value <= limit else "FALLS SHORT"
    print(f"  {label:<58} {value:8.2f} {unit:<3}  limit {limit:g}: {verdict}", flush=True)
