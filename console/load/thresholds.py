"""What makes a run fail: `dropped>0`, `p99>50ms`, `dropped>0.1%`, `rate<990`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from console.model.histogram import Histogram
from console.model.load import Summary
from console.model.load_totals import merged

_FORM = re.compile(r"\s*([a-z][a-z0-9_.]*?)\s*(<=|>=|<|>)\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµ%]*)\s*")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_SHARES = {
    # Of the requests sent: the lowest and the highest there can be. What is missing here has no bounds of its own.
    "due": (1.0, math.inf),
    "sent": (1.0, 1.0),
    **dict.fromkeys(("ok", "unexpected", "dropped", "browser_dropped", "recovered", "slow"), (0.0, 1.0)),
}
_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_COUNTERS: dict[str, Callable[[Summary], int]] = {
    "due": lambda run: run.totals.due,
    "sent": lambda run: run.totals.sent,
    "not_sent": lambda run: run.totals.not_sent,
    "ok": lambda run: run.totals.ok,
    "unexpected": lambda run: run.totals.unexpected,
    "dropped": lambda run: run.totals.dropped,
    "browser_dropped": lambda run: run.totals.dropped_for_browsers,
    "recovered": lambda run: run.totals.recovered,
    "slow": lambda run: run.totals.slow,
    "slow_connects": lambda run: run.totals.slow_connects,
    "recycled": lambda run: run.totals.stale,
    "stray": lambda run: run.totals.stray,
}
_HISTOGRAMS: dict[str, Callable[[Summary], Histogram]] = {
    "": lambda run: merged(run.groups).latency,
    "latency": lambda run: merged(run.groups).latency,
    "service": lambda run: merged(run.groups).service,
    "lag": lambda run: run.lag,
}
_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")

GRAMMAR = (
    "NAME>NUMBER, with < <= > >=; NAME is one of "
    + ", ".join(_COUNTERS)
    + " (a number, or a percentage of the requests sent), rate, or p50 to p99.99, mean, max, also as service.p99 and "
    "lag.p99 (a time: 50ms)"
)


class ThresholdError(ValueError):
    """A threshold that can't be understood; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A condition under which a run fails."""

    text: str
    metric: str
    comparison: str
    limit: float
    """A count, a share (0 to 1), requests a second, or seconds."""
    share: bool

    def value(self, run: Summary) -> float | None:
        """What the run measured; None when it measured nothing of the kind, infinity when it is beyond any time."""
        if not run.totals.sent:
            return None
        if self.metric == "rate":
            return run.rate
        counter = _COUNTERS.get(self.metric)
        if counter is None:
            return _time(self.metric, run)
        if not self.share:
            return counter(run)
        return counter(run) / run.totals.sent if run.totals.sent else None

    def crossed(self, run: Summary) -> bool:
        """Whether the run fails by it. What was not measured at all proves nothing, so it fails too."""
        value = self.value(run)
        return value is None or _OPERATORS[self.comparison](value, self.limit)


def parse_threshold(text: str) -> Threshold:
    """Read one. Raises `ThresholdError`."""
    form = _FORM.fullmatch(text)
    if form is None:
        if example := _completed(text.strip()):
            raise ThresholdError(
                f"{text!r} has no limit; a shell takes a bare > for itself, so quote it: --fail-on '{example}'"
            )
        raise ThresholdError(f"{text!r} is no threshold; say {GRAMMAR}")
    metric, comparison, number, unit = form.groups()
    limit, share = float(number), unit == "%"
    if metric in _COUNTERS or metric == "rate":
        if unit and not (share and metric != "rate"):
            raise ThresholdError(f"{text!r}: {metric} is a count and has no unit {unit!r}")
        limit = limit / 100 if share else limit
    else:
        if not _is_time(metric):
            raise ThresholdError(f"{text!r}: there is no {metric!r}; say {GRAMMAR}")
        if unit not in _UNITS:
            raise ThresholdError(f"{text!r}: {metric} is a time and needs a unit: us, ms, s or m")
        limit *= _UNITS[unit]
    _check_sense(text, comparison, limit, _SHARES.get(metric, (0.0, math.inf)) if share else (0.0, math.inf))
    return Threshold(text=text.strip(), metric=metric, comparison=comparison, limit=limit, share=share)


def _completed(metric: str) -> str:
    """A whole threshold on what is only a name, empty for any other text."""
    if metric == "rate":
        return "rate<100"
    return f"{metric}>0" if metric in _COUNTERS else f"{metric}>50ms" if _is_time(metric) else ""


def _split(metric: str) -> tuple[str, str]:
    head, dot, tail = metric.partition(".")
    return (head, tail) if dot and head in _HISTOGRAMS else ("", metric)


def _is_time(metric: str) -> bool:
    _, figure = _split(metric)
    return figure in {"mean", "max"} or _QUANTILE.fullmatch(figure) is not None


def _check_sense(text: str, comparison: str, limit: float, bounds: tuple[float, float]) -> None:
    """Refuse what no run could cross, and what every run would."""
    lowest, highest = bounds
    # A comparison changes at most once between the two, so what both ends agree on holds for all in between.
    outcomes = {_OPERATORS[comparison](value, limit) for value in bounds}
    if len(outcomes) == 1:
        outcome = "every run would fail by it" if outcomes.pop() else "no run could fail by it"
        most = "" if math.isinf(highest) else f" and at most {highest:.0%}"
        least = f"{lowest:.0%}" if lowest or most else "0"
        raise ThresholdError(f"{text!r}: {outcome}, since what is measured is at least {least}{most}")


def _time(metric: str, run: Summary) -> float | None:
    which, figure = _split(metric)
    histogram = _HISTOGRAMS[which](run)
    # A dropped request took longer than any limit: without it, the more is lost the better the times would look.
    lost = 0 if which == "lag" else run.totals.dropped
    quantile = _QUANTILE.fullmatch(figure)
    if quantile is None:
        answered = histogram.mean if figure == "mean" else histogram.maximum
        return math.inf if lost else answered
    share = float(quantile[1]) / 100
    if not lost:
        return histogram.quantile(share)
    # As the histogram counts: the value that so many of all are at or below.
    rank = max(1, math.ceil(share * (histogram.total + lost)))
    return histogram.quantile((rank - 0.5) / histogram.total) if rank <= histogram.total else math.inf
