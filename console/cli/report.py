"""What `rollout status` says: one judgement over the snapshot, the journal, the lock. Pure; nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from console.model.color import Color
from console.model.events import ColorRetired, CutoverSeen, Event, ImageResolved, Record, StandbyKept
from console.model.observed import Health, Observed, Replica
from console.model.release import Release, image_name, short_id
from console.model.request import Verdict
from console.planning.earlier import earlier_release, standby_served
from console.ports.journal import LockLabel

DOWN = "the stack is down: neither color has a replica, and the proxy does not run"
STANDBY: tuple[type[Event], ...] = (ColorRetired, CutoverSeen, ImageResolved, StandbyKept)
"""Records that say what became of a standby."""


class Role(StrEnum):
    """What a color is there for."""

    ACTIVE = "active"
    WARM = "warm"
    STOPPED = "stopped"
    ABSENT = "absent"


class Readiness(StrEnum):
    """How quickly a rollback can happen."""

    READY = "ready"
    COLD = "cold"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorStatus:
    """One color: what it runs and how it does."""

    color: Color
    role: Role
    release: int | None
    """Number of the release it runs, when the history knows it."""
    image: str
    image_id: str
    """Twelve hex digits, as Docker prints them."""
    replicas: int
    running: int
    healthy: int
    """Running replicas that are healthy, or have no healthcheck."""
    health: str
    restarts: int
    notes: tuple[str, ...]
    """The last probe output of replicas that are unhealthy, and exit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyStatus:
    """Since when and until when a drained color waits, UTC."""

    color: Color
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStatus:
    """What a rollback would bring back."""

    readiness: Readiness
    color: Color
    release: int | None

    @property
    def possible(self) -> bool:
        """Whether there is an earlier release at all."""
        return self.readiness is not Readiness.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """The whole answer."""

    project: str
    serving: Color | None
    """The color that really answers through the proxy."""
    release: int | None
    served: str | None
    """`ip:port` that answered."""
    colors: tuple[ColorStatus, ...]
    file_color: Color | None
    file_generation: int | None
    live_color: Color | None
    live_generation: int | None
    recorded: Color | None
    drift: tuple[str, str, str] | None
    """State, file and live proxy, when they disagree."""
    workers: int
    old_workers: int
    problem: str
    """Why the proxy can't be seen."""
    standby: StandbyStatus | None
    rollback: RollbackStatus
    lock: LockLabel | None
    unfinished: Verdict | None
    needs_human: tuple[str, ...]
    """Why the exit code is 1; empty when it is 0."""
    next_command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that a report is made of."""

    project: str
    observed: Observed
    newest: Iterable[Record]
    """The journal's records, at least those of `STANDBY`, the newest first: read as far back as it takes."""
    history: Sequence[Release]
    lock: LockLabel | None
    verdict: Verdict


def report(seen: Seen) -> StatusReport:
    """Judge what was seen."""
    observed = seen.observed
    upstream = observed.upstream
    live, configured = upstream.live, upstream.configured
    serving = observed.served
    unfinished = seen.verdict if seen.verdict.rollout and seen.lock is None else None
    colors = tuple(_color(color, seen) for color in Color)
    reasons = _reasons(seen, unfinished)
    return StatusReport(
        project=seen.project,
        serving=serving,
        release=next((status.release for status in colors if status.color is serving), None),
        served=live.served if live else None,
        colors=colors,
        file_color=configured.color if configured else None,
        file_generation=configured.generation if configured else None,
        live_color=live.color if live else None,
        live_generation=live.generation if live else None,
        recorded=observed.recorded,
        drift=observed.drift,
        workers=len(upstream.accepting),
        old_workers=len(upstream.workers) - len(upstream.accepting),
        problem=upstream.problem,
        standby=_standby(seen),
        rollback=_rollback(seen),
        lock=seen.lock,
        unfinished=unfinished,
        needs_human=reasons,
        next_command=_next_command(seen, unfinished, reasons),
    )


def _color(color: Color, seen: Seen) -> ColorStatus:
    replicas = seen.observed.of(color)
    running = seen.observed.running(color)
    newest = next(iter(running or replicas), None)
    release = _release_of(color, seen)
    return ColorStatus(
        color=color,
        role=_role(color, seen),
        release=release.id if release else None,
        image=image_name(release.image.reference if release else newest.image) if newest else "",
        image_id=short_id(newest.image_id) if newest else "",
        replicas=len(replicas),
        running=len(running),
        healthy=sum(_fine(replica) for replica in running),
        health=_health(running),
        restarts=sum(replica.restarts for replica in replicas),
        notes=tuple(note for replica in replicas if (note := _note(replica))),
    )


def _role(color: Color, seen: Seen) -> Role:
    observed = seen.observed
    if not observed.of(color):
        return Role.ABSENT
    if not observed.running(color):
        return Role.STOPPED
    return Role.ACTIVE if color is observed.active else Role.WARM


def _release_of(color: Color, seen: Seen) -> Release | None:
    """The newest release of the history that this color's containers really are; one that served on it goes first."""
    there = seen.observed.of(color)
    same = [release for release in seen.history if any(release.run_by(replica) for replica in there)]
    return next((release for release in same if release.color is color), same[0] if same else None)


def _fine(replica: Replica) -> bool:
    return replica.health in {Health.HEALTHY, Health.NONE}


def _health(running: Sequence[Replica]) -> str:
    """The worst health word of a color's running replicas."""
    found = {replica.health for replica in running}
    for health in (Health.UNHEALTHY, Health.STARTING, Health.HEALTHY, Health.NONE):
        if health in found:
            return "running" if health is Health.NONE else health.value
    return ""


def _note(replica: Replica) -> str:
    if replica.health is Health.UNHEALTHY and replica.running:
        return f"{replica.name} is unhealthy: {replica.health_output or 'its probe said nothing'}"
    if not replica.running and replica.exit_code:
        return f"{replica.name} exited with {replica.exit_code}"
    return ""


def _standby(seen: Seen) -> StandbyStatus | None:
    """The last word of the journal on the idle color, while it runs; none once it served or was made anew since."""
    idle = seen.observed.idle
    if not seen.observed.running(idle):
        return None
    for record in seen.newest:
        match record.event:
            case ColorRetired(color=color) | CutoverSeen(color=color) | ImageResolved(color=color) if color is idle:
                return None
            case StandbyKept(color=color, seconds=seconds) if color is idle:
                return StandbyStatus(color=idle, since=record.at, until=_later(record.at, seconds))
            case _:
                continue
    return None


def _later(at: str, seconds: float) -> str:
    try:
        return (datetime.fromisoformat(at) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return ""


def _rollback(seen: Seen) -> RollbackStatus:
    """As the rollback's own strategy decides: the idle color as it is, else the newest release that does not serve."""
    observed = seen.observed
    idle = observed.idle
    there, running = observed.of(idle), observed.running(idle)
    if there and standby_served(observed, seen.history):
        ready = len(running) == len(there) and all(map(_fine, running))
        holds = _release_of(idle, seen)
        readiness = Readiness.READY if ready else Readiness.COLD
        return RollbackStatus(readiness=readiness, color=idle, release=holds.id if holds else None)
    earlier = earlier_release(observed, seen.history)
    readiness = Readiness.NONE if earlier is None else Readiness.COLD
    return RollbackStatus(readiness=readiness, color=idle, release=earlier.id if earlier else None)


def _reasons(seen: Seen, unfinished: Verdict | None) -> tuple[str, ...]:
    observed = seen.observed
    upstream = observed.upstream
    reasons = []
    if not observed.replicas and upstream.hopeless and unfinished is None:
        return (DOWN,)  # what it would serve is for `up` to say: nobody disagrees with nobody
    if observed.drift is not None and seen.lock is None:  # in mid-cutover they disagree for a moment, rightly
        reasons.append("DRIFT: state, file and live proxy disagree")
    if upstream.live is None:
        reasons.append(f"the proxy does not answer: {upstream.problem or 'no reason known'}")
    elif upstream.live.served is None:
        reasons.append("nothing serves: no replica answers through the proxy")
    elif observed.served is None:
        reasons.append(f"{upstream.live.served} answers, which is no replica of either color")
    if unfinished is not None and not unfinished.consistent:
        reasons.append(f"rollout {unfinished.rollout} never finished")
    return tuple(reasons)


def _next_command(seen: Seen, unfinished: Verdict | None, reasons: tuple[str, ...]) -> str:
    if unfinished is not None and unfinished.choices:
        return "rollout recover"
    if not reasons:
        return ""
    if not any(replica.running for replica in seen.observed.replicas) or seen.observed.upstream.live is None:
        return "rollout up"
    return "rollout recover"
