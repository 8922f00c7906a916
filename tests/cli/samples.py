"""Values that several tests of the command line look at."""

from __future__ import annotations

from dataclasses import replace

from console.model.color import Color
from console.model.events import (
    AbortRequested,
    ActiveRecorded,
    ColorRetired,
    CommandRan,
    CutoverSeen,
    Event,
    Held,
    ImageResolved,
    LockTakenOver,
    LogsKept,
    PhaseChanged,
    ReleaseFound,
    ReleaseServed,
    RequestsCut,
    Resumed,
    RolloutFinished,
    RolloutStarted,
    StandbyKept,
    StepFailed,
    StepProgressed,
    StepStarted,
    StepSucceeded,
    UpstreamRestored,
    Warned,
)
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
from console.model.receipt import Receipt, ReceiptImage, ReceiptLogs, ReceiptStep
from console.model.receipt_load import LoadFailure, LoadLine, ReceiptLoad
from console.model.release import Image, Release

AT = "2026-03-01T12:00:00.000+00:00"
IMAGES = {color: "sha256:" + character * 64 for color, character in ((Color.BLUE, "b"), (Color.GREEN, "a"))}


def replica(color: Color, **changes: object) -> Replica:
    """A healthy replica of a color."""
    found = Replica(
        id=f"{color.value}1",
        name=f"shop-{color.value}-1",
        color=color,
        state=ReplicaState.RUNNING,
        health=Health.HEALTHY,
        address={Color.BLUE: "172.20.0.3:8000", Color.GREEN: "172.20.0.4:8000"}[color],
        image_id=IMAGES[color],
        image=f"shop-app:{color.value}",
        config_hash="c0ffee",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


OBSERVED = Observed(
    recorded=Color.GREEN,
    replicas=(replica(Color.BLUE), replica(Color.GREEN)),
    upstream=UpstreamObserved(
        configured=Upstream(generation=42, color=Color.GREEN, servers=("app_green:8000",)),
        live=Live(generation=42, color=Color.GREEN, served="172.20.0.4:8000"),
        workers=(Worker(pid=30, retiring=False), Worker(pid=31, retiring=False), Worker(pid=9, retiring=True)),
    ),
)
DRIFTED = replace(OBSERVED, recorded=Color.BLUE)
DOWN = Observed(
    recorded=Color.GREEN,
    replicas=(),
    upstream=UpstreamObserved(
        configured=OBSERVED.upstream.configured, live=None, problem="no container of service proxy runs"
    ),
)


def release(number: int, color: Color) -> Release:
    """A release of the history."""
    image = Image(reference=f"shop-app:{number}", id=IMAGES[color], digest=None)
    return Release(id=number, color=color, image=image, config_hash="c0ffee", by="sha", at=AT)


HISTORY = (release(42, Color.GREEN), release(41, Color.BLUE))

STARTED = RolloutStarted(
    action="deploy",
    target=Color.GREEN,
    previous=Color.BLUE,
    user="sha",
    host="vm1",
    pid=4711,
    command="rollout deploy",
    fence=9,
    project="shop",
    plan=("deploy: blue serves, target green",),
)


def step(name: str, title: str) -> StepStarted:
    """The beginning of a step."""
    changes = {"step": name, "title": title, "cause": "the plan says so", "deadline": 60.0, "stage": "prepare"}
    known = {key: value for key, value in changes.items() if key in StepStarted.__dataclass_fields__}
    return StepStarted(**known)  # type: ignore[arg-type]


GOOD: tuple[Event, ...] = (
    STARTED,
    PhaseChanged(before=Phase.PLANNED, after=Phase.PREPARING),
    step("start", "start green"),
    CommandRan(step="start", command="docker compose -p shop up -d --no-recreate app_green"),
    StepSucceeded(step="start", seconds=0.4, detail="2 replicas"),
    step("read-back", "see green serve"),
    CutoverSeen(color=Color.GREEN, generation=42, served="172.20.0.4:8000"),
    StepSucceeded(step="read-back", seconds=0.21, detail="no old worker accepts"),
    ActiveRecorded(color=Color.GREEN),
    StandbyKept(color=Color.BLUE, seconds=900),
    RolloutFinished(outcome="done", exit_code=0, active=Color.GREEN, seconds=1.5, message="green serves"),
)

FAILED: tuple[Event, ...] = (
    STARTED,
    step("smoke", "smoke green through the proxy"),
    StepFailed(step="smoke", seconds=2.0, attempted="smoke green through the proxy", found="status 500 instead of 200"),
    PhaseChanged(before=Phase.VERIFYING, after=Phase.ROLLING_BACK),
    LogsKept(replica="shop-green-1", lines=("boom \x1b[31mred\x1b[0m", "bye")),
    RolloutFinished(outcome="rolled_back", exit_code=2, active=Color.BLUE, seconds=4.2, message="blue serves again"),
)

EVERY: tuple[Event, ...] = (
    *GOOD,
    *FAILED,
    StepProgressed(step="smoke", text="attempt 2 of 5", remaining=3.0),
    ImageResolved(color=Color.GREEN, reference="shop-app:42", id=IMAGES[Color.GREEN], digest=None),
    UpstreamRestored(color=Color.BLUE, generation=43),
    ReleaseServed(
        color=Color.GREEN,
        reference="shop-app:42",
        image_id=IMAGES[Color.GREEN],
        digest=None,
        config_hash="c0ffee",
        origin=17,
    ),
    ReleaseFound(color=Color.BLUE, reference="shop-app:40", image_id=IMAGES[Color.BLUE], config_hash="c0ffee"),
    RequestsCut(color=Color.BLUE, count=3),
    ColorRetired(color=Color.BLUE),
    Held(before_step="write-upstream"),
    Resumed(before_step="write-upstream"),
    AbortRequested(by="SIGINT"),
    LockTakenOver(from_holder="sha@vm1", by="ops@vm2"),
    Warned(text="a plain `up -d` would recreate green", hint="rollout init --write-env"),
)

LOAD = ReceiptLoad(
    url="http://127.0.0.1:8080/",
    rate=200.0,
    valid=True,
    problem="",
    due=48213,
    not_sent=0,
    ok=48211,
    unexpected=0,
    dropped=2,
    recovered=1,
    stale=3,
    slow=0,
    by_phase=(
        LoadLine(
            name="cutting over",
            due=48213,
            done=48213,
            ok=48211,
            unexpected=0,
            dropped=2,
            recovered=1,
            slow=0,
            p50=0.0012,
            p90=0.0029,
            p99=0.0084,
            highest=0.035,
        ),
    ),
    by_release=(
        LoadLine(
            name="green v42",
            done=0,
            ok=0,
            unexpected=0,
            dropped=0,
            recovered=0,
            slow=0,
            p50=None,
            p90=None,
            p99=None,
            highest=None,
        ),
    ),
    failures=(
        LoadFailure(
            at=1772366400.0,
            phase="cutting over",
            kind="status",
            stage="response",
            status=502,
            age=0.008,
            connection="reused",
            release="(proxy)",
            retry="not allowed",
            detail="bad \x1b[31mgateway",
        ),
    ),
    failures_omitted=1,
    lag_p99=0.0002,
)

RECEIPT = Receipt(
    rollout=17,
    project="shop",
    action="deploy",
    result="rolled_back",
    exit_code=2,
    message="blue serves again",
    next_command="rollout deploy",
    started_at=AT,
    seconds=4.2,
    user="sha",
    host="vm1",
    command="rollout deploy --image 'shop-app:42'",
    target=Color.GREEN,
    previous=Color.BLUE,
    active=Color.BLUE,
    steps=(
        ReceiptStep(
            id="start", title="start green", stage="prepare", status="succeeded", seconds=0.4, detail="2 replicas"
        ),
        ReceiptStep(
            id="smoke",
            title="smoke green | through the proxy",
            stage="verify",
            status="failed",
            seconds=2.0,
            detail="status 500 <instead> of 200",
        ),
        ReceiptStep(id="watch", title="watch", stage="verify", status="cancelled", seconds=0.0, detail=""),
    ),
    images=(ReceiptImage(color=Color.GREEN, reference="shop-app:42", id=IMAGES[Color.GREEN], digest=None),),
    warnings=("a plain up would recreate green",),
    failures=("smoke green: status 500",),
    cut_requests=3,
    logs=(ReceiptLogs(replica="shop-green-1", lines=("boom \x1b[31mred",)),),
    versions=(("docker", "26.1.5"),),
)
