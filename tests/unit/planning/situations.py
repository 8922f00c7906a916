"""Situations that strategies are tried on."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.observed import Live, Observed, Replica, ReplicaState, Upstream, UpstreamObserved
from console.model.release import Image, Release
from console.model.spec import DrainSpec, ReadySpec, SmokeSpec, Spec, StandbySpec, WatchSpec
from console.planning.situation import Situation
from tests.fakes.stack import make_spec

BLUE, GREEN = Color.BLUE, Color.GREEN
SERVERS = {BLUE: ("app:8000",), GREEN: ("app_green:8000",)}

SPEC = replace(
    make_spec(),
    images={BLUE: "shop:1", GREEN: "shop:2"},
    ready=ReadySpec(path="/ready", successes=2, deadline=60.0),
    smoke=SmokeSpec(url="http://127.0.0.1:8080/health", attempts=3, timeout=2.0, delay=0.5),
    watch=WatchSpec(window=10.0),
    drain=DrainSpec(deadline=30.0),
    standby=StandbySpec(keep=900.0),
)
BUILDABLE = replace(SPEC, buildable=frozenset(Color))


def image(number: int) -> Image:
    return Image(reference=f"shop:{number}", id=f"sha256:{number:064x}")


def release(number: int, color: Color, *, made: int | None = None, withdrawn: bool = False) -> Release:
    return Release(
        id=number,
        color=color,
        image=image(number if made is None else made),
        config_hash=f"hash-{number}",
        by="ann",
        at="2026-01-01T00:00:00.000Z",
        withdrawn=withdrawn,
    )


def replicas(color: Color, number: int, *, running: int = 1, stopped: int = 0) -> tuple[Replica, ...]:
    """Replicas that run an image of that number, in its own configuration."""
    return tuple(
        Replica(
            id=f"{color.value}{index}",
            name=f"{color.value}-{index}",
            color=color,
            state=ReplicaState.RUNNING if index < running else ReplicaState.EXITED,
            address=f"10.{list(Color).index(color)}.{number}.{index}:8000" if index < running else None,
            image_id=image(number).id,
            image=image(number).reference,
            config_hash=f"hash-{number}",
        )
        for index in range(running + stopped)
    )


def situation(  # noqa: PLR0913 - one for each thing that a plan depends on
    *there: tuple[Replica, ...],
    active: Color = BLUE,
    spec: Spec = SPEC,
    generation: int = 4,
    recorded: Color | None = BLUE,
    image_present: bool = True,
    releases: tuple[Release, ...] = (),
) -> Situation:
    """A stack whose proxy serves `active` in that generation, as its file says."""
    every = tuple(replica for some in there for replica in some)
    serving = next((one.address for one in every if one.color is active and one.running), None)
    upstream = Upstream(generation=generation, color=active, servers=SERVERS[active])
    seen = UpstreamObserved(
        configured=upstream if generation else None,
        live=Live(generation=generation, color=active if generation else None, served=serving),
    )
    return Situation(
        spec=spec,
        observed=Observed(recorded=recorded, replicas=every, upstream=seen),
        servers=SERVERS,
        image_present=image_present,
        releases=releases,
    )
