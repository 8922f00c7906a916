"""Boards with nothing left to chance: the same rows on every machine and at every hour."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.events import (
    CutoverSeen,
    Event,
    ImageResolved,
    PhaseChanged,
    Record,
    RolloutStarted,
    StepProgressed,
    StepStarted,
    StepSucceeded,
)
from console.model.load import Totals
from console.model.observed import (
    Health,
    Live,
    Observed,
    Replica,
    ReplicaState,
    Upstream,
    UpstreamObserved,
    Worker,
)
from console.model.phase import Phase
from console.observe.bucket import Bucket, Share
from console.observe.requests import Latency, RequestsView
from console.observe.view import Drift, Sight, Source, StackView, Standby, Usage
from console.tui.board import Board
from console.tui.bridge import Heard
from console.tui.facts import StackFacts, facts_of
from console.tui.load_state import LoadState
from console.tui.sample import Sample
from tests.fakes.stack import make_spec

NOW = 1_767_225_660.0
"""2026-01-01 00:01:00 UTC."""
STEPS = ("start green (2 replicas)", "wait until green is ready", "apply it", "read back: green serves", "drain blue")
IDS = ("start", "await-ready", "apply", "read-back", "drain")


def facts() -> StackFacts:
    return replace(facts_of(make_spec(replicas=2), read_only=False, demo=False), pid=1)


def replica(color: Color, number: int) -> Replica:
    first = 0 if color is Color.BLUE else 2
    version = "v41" if color is Color.BLUE else "v42"
    return Replica(
        id=f"{color.value}{number}",
        name=f"shop-{color.value}-{number}",
        color=color,
        state=ReplicaState.RUNNING,
        health=Health.HEALTHY,
        address=f"10.0.0.{first + number}:8000",
        image_id=f"sha256:{version}",
        image=f"shop:{version}",
        started_at="2026-01-01T00:00:00Z",
    )


def view(*, recorded: Color = Color.GREEN, standby: bool = True) -> StackView:
    replicas = tuple(replica(color, number) for color in Color for number in (1, 2))
    upstream = UpstreamObserved(
        configured=Upstream(generation=42, color=Color.GREEN, servers=("app_green:8000",)),
        live=Live(generation=42, color=Color.GREEN, served="10.0.0.3:8000"),
        workers=(Worker(pid=1, retiring=False), Worker(pid=2, retiring=False), Worker(pid=3, retiring=True)),
    )
    drift = Drift(state=recorded.value, file="green", live="green", since="", moving=False)
    return StackView(
        at=0.0,
        wall="2026-01-01T00:01:00Z",
        observed=Observed(recorded=recorded, replicas=replicas, upstream=upstream),
        sights={source: Sight(seen=0.0) for source in Source},
        usage={one.id: Usage(cpu_percent=0.4, memory_bytes=41 << 20, at=0.0) for one in replicas},
        last_live=upstream.live,
        drift=None if recorded is Color.GREEN else drift,
        standby=Standby(color=Color.BLUE, since="2026-01-01T00:00:50Z", keep=900.0) if standby else None,
    )


def requests(*, dropped: int = 0) -> RequestsView:
    def bucket(number: int) -> Bucket:
        color = "blue" if number < 24 else "green"
        lost = dropped if number == 24 else 0
        return Bucket(
            at=number / 4,
            ok=125 - lost,
            dropped=lost,
            p50=0.0012,
            p99=0.0084 if number != 24 else 0.02,
            maximum=0.035,
            shares=(Share(release="v", color=color, count=125),),
            marks=("cutover",) if number == 24 else (),
        )

    buckets = tuple(bucket(number) for number in range(40))
    return RequestsView(
        totals=Totals(due=48_213, in_flight=12, ok=48_213 - dropped, dropped=dropped),
        recent=Latency(p50=0.0012, p90=0.0029, p99=0.0084, maximum=0.035),
        buckets=(*buckets[:10], Bucket(at=2.5), *buckets[11:]),
    )


def events() -> list[Event]:
    plan = (
        "deploy: blue serves, target green",
        *(f"{n:>3}  {title}  within 10s  why" for n, title in enumerate(STEPS, 1)),
    )
    found: list[Event] = [
        RolloutStarted(
            action="deploy", target=Color.GREEN, previous=Color.BLUE, user="ann", host="prod-1", pid=1,
            command="rollout deploy", fence=1, project="shop", plan=plan,
        ),
        PhaseChanged(before=Phase.PLANNED, after=Phase.PREPARING),
        ImageResolved(color=Color.GREEN, reference="shop:v42", id="sha256:0123456789abcdef", digest=None),
    ]  # fmt: skip
    for name, title in zip(IDS, STEPS, strict=True):
        found.append(StepStarted(step=name, title=title, stage="prepare", cause="why", deadline=30.0))
        if name != "drain":
            found.append(StepSucceeded(step=name, seconds=0.21, detail="as it should"))
    found.insert(-1, CutoverSeen(color=Color.GREEN, generation=42, served="10.0.0.3:8000"))
    found.insert(-1, PhaseChanged(before=Phase.VERIFYING, after=Phase.DRAINING))
    found.append(StepProgressed(step="drain", text="3 in flight", remaining=27.0))
    return found


def board(*, recorded: Color = Color.GREEN, dropped: int = 0, load: bool = True) -> Board:
    heard = [
        Heard(record=Record(rollout=17, sequence=number, at=f"2026-01-01T00:00:{number:02d}Z", event=event), own=True)
        for number, event in enumerate(events(), start=40)
    ]
    sample = Sample(
        view=view(recorded=recorded),
        requests=requests(dropped=dropped),
        load=LoadState(on=load, url="http://127.0.0.1:8080/", rate=500.0 if load else 0.0),
        running=True,
        flights={Color.BLUE: 3},
    )
    return replace(Board(facts=facts(), now=NOW), monotonic=0.0).with_events(heard).with_sample(sample)
