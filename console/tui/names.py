"""Short names and figures, as the panels print them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from console.tui.paint import harmless

if TYPE_CHECKING:
    from console.model.color import Color
    from console.observe.view import StackView

_TAG = re.compile(r"[@:](?P<tag>[A-Za-z0-9_][\w.-]*)$")
_LONGEST = 16
_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_STEPS = {
    "await-ready": "ready",
    "smoke-replicas": "smoke",
    "read-back": "read back",
    "smoke-proxy": "smoke proxy",
    "keep-warm": "keep warm",
}


def release_name(reference: str, number: int | None = None) -> str:
    """What people call a release: its image's tag, unless that says nothing; then its number in the history."""
    found = _TAG.search(harmless(reference))
    tag = found["tag"] if found and "/" not in found["tag"] else ""
    if tag and tag != "latest" and len(tag) <= _LONGEST:
        return tag
    return f"r{number}" if number is not None else ""


def release_of(view: StackView | None, color: Color) -> str:
    """The name of what a color runs; empty when it runs nothing."""
    if view is None:
        return ""
    release = view.release_of(color)
    replica = next(iter(view.observed.running(color) or view.observed.of(color)), None)
    if replica is None:
        return ""
    number = release.id if release else None
    return release_name(replica.image or (release.image.reference if release else ""), number) or replica.image_id[7:15]


def release_numbered(view: StackView | None, number: int | None) -> str:
    """The name of a release of the history; empty when the history does not know it."""
    known = view.history if view is not None else ()
    found = next((release for release in known if release.id == number), None)
    return release_name(found.image.reference, number) if found is not None else ""


def step_name(step: str) -> str:
    """A step's id as people read it."""
    return _STEPS.get(step, step.replace("-", " "))


def took(seconds: float) -> str:
    """A duration in the fewest characters: `8ms`, `0.4s`, `12s`, `3m20s`."""
    if seconds < 0.0995:  # noqa: PLR2004 - would round to 100ms
        return f"{max(0.0, seconds) * 1000:.0f}ms"
    if seconds < 9.95:  # noqa: PLR2004 - would round to 10.0s
        return f"{seconds:.1f}s"
    whole = round(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60:02d}s"  # noqa: PLR2004 - a minute


def milliseconds(seconds: float | None) -> str:
    """A latency in milliseconds without its unit: `1.2`, `35`; a dash without data."""
    if seconds is None:
        return "-"
    value = seconds * 1000
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"  # noqa: PLR2004 - would round to 10.0


def counted(count: int, what: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def memory(size: int) -> str:
    """Bytes in at most four characters: `41M`, `1.2G`."""
    if size >= 10 * _GIB:
        return f"{size / _GIB:.0f}G"
    return f"{size / _GIB:.1f}G" if size >= 1000 * _MIB else f"{size / _MIB:.0f}M"


def percent(share: float | None) -> str:
    """A share of 0 to 1 that is never rounded to a whole it is not: `99.9 %`, but `100 %` only when it is all."""
    if share is None:
        return "no data"
    if share in {0.0, 1.0}:
        return f"{share * 100:.0f} %"
    return f"{min(99.9, max(0.1, share * 100)):.1f} %"


def success(dropped: int, done: int) -> str:
    """The share of requests that were answered, to three digits, never rounded up to 100: `99.999 %`."""
    if not done:
        return "no data"
    if not dropped:
        return "100.000 %"
    return f"{int((done - dropped) / done * 100_000) / 1000:.3f} %"
