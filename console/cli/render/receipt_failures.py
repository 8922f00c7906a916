"""The failed requests of a receipt: alike ones together, and the last ones by themselves. The JSON has them all."""

from __future__ import annotations

from collections.abc import Sequence

from console.cli.render.clean import clean
from console.cli.render.durations import duration, precise
from console.model.receipt_load import LoadFailure, ReceiptLoad

LAST = 10
"""How many are shown by themselves."""
_GROUPS = 20
"""How many kinds are shown."""

_RETRIES = {"recovered": "a browser's retry recovers", "failed": "a browser's retry fails, too"}

_SINCE = {
    "connect": "in the connect",
    "handshake": "after the connect began",
    "idle": "after the last request",
}
"""By `console.model.load.Stage`, as a receipt names it."""


def failure_lines(load: ReceiptLoad) -> list[str]:
    """The listed failures by kind, the most frequent first, then the last ones, one a line."""
    groups: dict[tuple[object, ...], list[LoadFailure]] = {}
    for failure in load.failures:
        key = (failure.phase, failure.kind, failure.stage, failure.status, failure.connection, failure.release)
        groups.setdefault((*key, failure.retry), []).append(failure)
    ranked = sorted(groups.values(), key=len, reverse=True)
    lines = [_group(alike) for alike in ranked[:_GROUPS]]
    if len(ranked) > _GROUPS:
        lines.append(f"and {len(ranked) - _GROUPS:,} more kinds")
    if load.failures_omitted:
        lines.append(f"and {load.failures_omitted:,} more, not listed one by one")
    last = load.failures[-LAST:]
    if len(last) > 1:
        lines.append(f"the last {len(last)} of them:")
    return [*lines, *map(_single, last)]


def since(stage: str) -> str:
    """What the age of a failure counts from, which is not when the connection was opened."""
    return _SINCE.get(stage, "after sending")


def _group(alike: Sequence[LoadFailure]) -> str:
    first, last = min(failure.at for failure in alike), max(failure.at for failure in alike)
    when = precise(first) if len(alike) == 1 else f"{precise(first)} to {precise(last)}"
    return clean(f"{len(alike):,} x {_kind(alike[0])}; {when}")


def _kind(failure: LoadFailure) -> str:
    """In which phase, how, on what kind of connection, from which release, and what a retry makes of it."""
    status = f" {failure.status}" if failure.status is not None else ""
    parts = (
        failure.phase or "(before)",
        f"{failure.kind}{status} at {failure.stage}",
        f"{failure.connection} connection",
        failure.release,
        _RETRIES.get(failure.retry, ""),
    )
    return ", ".join(part for part in parts if part)


def _single(failure: LoadFailure) -> str:
    """When, how, how long after what, and what was said."""
    status = f" {failure.status}" if failure.status is not None else ""
    parts = (
        f"{failure.kind}{status}",
        f"{duration(failure.age)} {since(failure.stage)}",
        failure.release,
        failure.detail,
    )
    return clean(f"{precise(failure.at)} {', '.join(part for part in parts if part)}")
