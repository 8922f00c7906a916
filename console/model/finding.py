"""One answer of the preflight check: what was found, why it matters, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs, from nothing to everything."""

    OK = "ok"
    """Checked, and fine."""
    HINT = "hint"
    """Nothing is lost by it; or it could not be checked."""
    WARNING = "warning"
    """Requests may be dropped in some rollouts, or a rollout may be slower than it has to be."""
    BLOCKER = "blocker"
    """A rollout will drop requests, or can't work at all."""

    @property
    def rank(self) -> int:
        """Its order: 0 for `ok` up to 3 for `blocker`."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was checked."""

    severity: Severity
    code: str
    """Stable name for scripts, for example `proxy.keepalive-min-timeout`."""
    where: str
    """Path in the Compose files, a directive of the proxy, or a part of this machine."""
    what: str
    """What was found."""
    why: str = ""
    """What it does to the users' requests; empty for `ok`."""
    fix: str = ""
    """What to do; empty for `ok`."""
