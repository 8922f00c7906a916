"""A whole stack of fakes, with a session on it."""

from __future__ import annotations

from pathlib import Path

from console.engine.session import Session
from console.engine.world import Ports
from console.model.color import Color
from console.model.events import Event, Record
from console.model.request import Actor
from console.model.spec import DrainSpec, ProxySpec, ReadySpec, SmokeSpec, Spec, WatchSpec
from tests.fakes.clock import FakeClock
from tests.fakes.proxy import FakeProxy
from tests.fakes.runtime import FakeRuntime
from tests.fakes.storage import FakeActiveColor, FakeJournal, FakeLock, FakeReceipts

ROOT = Path("/nowhere")
ACTOR = Actor(user="ann", host="here", pid=7, command="rollout deploy")


def make_spec(*, replicas: int = 1, window: float = 1.0, buildable: bool = False) -> Spec:
    return Spec(
        project="shop",
        directory=ROOT,
        compose_files=(ROOT / "docker-compose.yml",),
        state=ROOT / "state",
        active_color_file=ROOT / "state/active-color",
        upstream_file=ROOT / "state/nginx/upstream.conf",
        service="app",
        services={Color.BLUE: "app", Color.GREEN: "app_green"},
        images={Color.BLUE: "shop:1", Color.GREEN: "shop:1"},
        buildable=frozenset(Color) if buildable else frozenset(),
        replicas=replicas,
        proxy=ProxySpec(config=ROOT / "state/nginx"),
        ready=ReadySpec(path="/ready", successes=2, deadline=10.0),
        smoke=SmokeSpec(url="http://127.0.0.1:8080/health", attempts=3, timeout=1.0, delay=0.5),
        watch=WatchSpec(window=window, min_requests=10),
        drain=DrainSpec(deadline=5.0),
    )


class FakeStack:
    """Blue serves release 1 in generation 1, and is recorded."""

    def __init__(self, spec: Spec | None = None, *, read_only: bool = False) -> None:
        self.spec = spec or make_spec()
        self.clock = FakeClock()
        self.runtime = FakeRuntime()
        self.proxy = FakeProxy(self.runtime, self.clock)
        self.runtime.serving = lambda: self.proxy.color
        self.journal = FakeJournal()
        self.receipts = FakeReceipts()
        self.active = FakeActiveColor()
        self.lock = FakeLock()
        self.first = self.runtime.add_image("shop:1")
        self.second = self.runtime.add_image("shop:2")
        self.runtime.put(Color.BLUE, self.first, count=self.spec.replicas)
        self.proxy.seed(Color.BLUE)
        self.active.color = Color.BLUE
        self.ports = Ports(
            runtime=self.runtime,
            proxy=self.proxy,
            journal=self.journal,
            receipts=self.receipts,
            active=self.active,
            lock=self.lock,
            clock=self.clock,
        )
        self.session = Session(self.spec, self.ports, ACTOR, read_only=read_only)
        self.heard: list[Record] = []
        self.session.subscribe(self.heard.append)

    def events(self, kind: type[Event]) -> list[Event]:
        return [record.event for record in self.heard if isinstance(record.event, kind)]
