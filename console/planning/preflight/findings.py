"""Short ways to write findings."""

from __future__ import annotations

from console.model.finding import Finding, Severity


def ok(code: str, where: str, what: str) -> Finding:
    """Checked, and fine."""
    return Finding(severity=Severity.OK, code=code, where=where, what=what)


def hint(code: str, where: str, what: str, *, why: str, fix: str) -> Finding:
    """Nothing is lost by it."""
    return Finding(severity=Severity.HINT, code=code, where=where, what=what, why=why, fix=fix)


def warning(code: str, where: str, what: str, *, why: str, fix: str) -> Finding:
    """Requests may be dropped in some rollouts."""
    return Finding(severity=Severity.WARNING, code=code, where=where, what=what, why=why, fix=fix)


def blocker(code: str, where: str, what: str, *, why: str, fix: str) -> Finding:
    """A rollout drops requests, or can't work."""
    return Finding(severity=Severity.BLOCKER, code=code, where=where, what=what, why=why, fix=fix)


def seconds(value: float) -> str:
    """Seconds as people write them in Compose files: `90s`, `250ms`."""
    if 0 < value < 1:
        return f"{value * 1000:g}ms"
    return f"{value:g}s"


def size(count: int) -> str:
    """Bytes for people."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:  # noqa: PLR2004 - binary units
        value /= 1024
        units.pop(0)
    return f"{value:.0f} {units[0]}" if value >= 10 or units[0] == "B" else f"{value:.1f} {units[0]}"  # noqa: PLR2004
