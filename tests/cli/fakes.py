"""A session and a backend under a test's control: what the engine would tell, without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from console.cli.backend import Setup
from console.cli.command_line import CommandLine
from console.engine.history import RECENT
from console.engine.session import Session
from console.model.color import Color
from console.model.errors import LockHeldError, ReadOnlyError, RolloutError
from console.model.events import Event, Record
from console.model.finding import Finding
from console.model.observed import Observed
from console.model.plan import Action, Plan, PlannedStep, Stage
from console.model.release import Release
from console.model.request import Actor, Outcome, RecoveryChoice, Request, Result, Verdict
from console.model.spec import ProxySpec, SmokeSpec, Spec
from console.model.steps import Preflight, StartReplicas
from console.ports.journal import LockLabel
from tests.cli import samples

NOTHING_LEFT = Verdict(
    rollout=0, action="", user="", since="", last_step="", story="every rollout ended", consistent=True, choices=()
)


def spec_in(directory: Path) -> Spec:
    """A complete spec whose state lies below `directory`."""
    state = directory / "state"
    return Spec(
        project="shop",
        directory=directory,
        compose_files=(directory / "docker-compose.yml",),
        state=state,
        active_color_file=state / "active-color",
        upstream_file=state / "nginx" / "upstream.conf",
        service="app",
        services={Color.BLUE: "app", Color.GREEN: "app_green"},
        proxy=ProxySpec(config=state / "nginx"),
        smoke=SmokeSpec(url="http://127.0.0.1:8080/health"),
    )


PLAN = Plan(
    action=Action.DEPLOY,
    target=Color.GREEN,
    previous=Color.BLUE,
    steps=(
        PlannedStep(
            id="preflight",
            step=Preflight(),
            title="preflight",
            stage=Stage.PREPARE,
            cause="everything must agree",
            deadline=10,
        ),
        PlannedStep(
            id="start",
            step=StartReplicas(color=Color.GREEN, replicas=2),
            title="start green",
            stage=Stage.PREPARE,
            cause="it gets the traffic",
            deadline=None,
            after=("preflight",),
        ),
    ),
)


@dataclass
class Script:
    """What a fake session says and does."""

    outcome: Outcome = field(
        default_factory=lambda: Outcome(
            rollout=17, result=Result.DONE, active=Color.GREEN, message="green serves", next_command=""
        )
    )
    events: tuple[Event, ...] = ()
    error: RolloutError | None = None
    """Raised by everything that asks the engine."""
    wait_for_abort: bool = False
    seconds: float = 0.0
    """How long a rollout takes."""
    ending_seconds: float = 0.0
    """How long a safe end takes."""
    observed: tuple[Observed, ...] = ()
    """One after the other, the last for ever."""
    history: tuple[Release, ...] = ()
    records: tuple[Record, ...] = ()
    later: tuple[Record, ...] = ()
    """What somebody else adds to the journal: one more record with every fourth look at it."""
    lock: LockLabel | None = None
    verdict: Verdict = NOTHING_LEFT
    findings: tuple[Finding, ...] = ()
    config_error: RolloutError | None = None
    protected: bool = False
    generated: Mapping[Path, str] = field(default_factory=dict)
    """What `init` generates beyond the upstream file."""


class FakeSession(Session):
    """A session that follows a script and writes down what it was asked."""

    def __init__(self, spec: Spec, script: Script, *, read_only: bool) -> None:
        self.spec = spec
        self.script = script
        self.read_only = read_only
        self.asked: list[object] = []
        self.closed = False
        self._listeners: list[Callable[[Record], None]] = []
        self._aborted = asyncio.Event()
        self._looks = 0
        self._reads = 0

    async def observe(self) -> Observed:
        self._raise()
        seen = self.script.observed or (samples.OBSERVED,)
        found = seen[min(self._looks, len(seen) - 1)]
        self._looks += 1
        return found

    async def plan(self, request: Request) -> Plan:
        self._raise()
        self.asked.append(request)
        return replace(PLAN, action=request.action)

    async def run(self, request: Request, *, expected: Plan | None = None) -> Outcome:
        assert expected is None
        return await self._carry_out(request)

    async def recover(self, choice: RecoveryChoice) -> Outcome:
        return await self._carry_out(choice)

    async def _carry_out(self, asked: object) -> Outcome:
        if self.read_only:
            raise ReadOnlyError("run", "this session is read-only", now="nothing was changed")
        self._raise()
        self.asked.append(asked)
        for number, event in enumerate(self.script.events, start=1):
            self._tell(number, event)
            await asyncio.sleep(0)
        if self.script.seconds:
            await asyncio.sleep(self.script.seconds)
        if self.script.wait_for_abort:
            async with asyncio.timeout(90):
                await self._aborted.wait()
            await asyncio.sleep(self.script.ending_seconds)
            return replace(self.script.outcome, result=Result.INTERRUPTED)
        return self.script.outcome

    def subscribe(self, listener: Callable[[Record], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def abort(self, by: str) -> None:
        self.asked.append(f"abort by {by}")
        self._aborted.set()

    def newest(self, *kinds: type[Event]) -> Iterator[Record]:
        self._reads += 1
        there = self.script.records + self.script.later[: self._reads // 4]
        return (record for record in reversed(there) if not kinds or isinstance(record.event, kinds))

    def history(self, least: int = RECENT) -> tuple[Release, ...]:
        assert least > 0
        return self.script.history

    def lock_holder(self) -> LockLabel | None:
        return self.script.lock

    def break_lock(self) -> LockLabel | None:
        if self.read_only:
            raise ReadOnlyError("break the lock", "this session is read-only", now="nothing was changed")
        self.asked.append("break the lock")
        return self.script.lock

    async def verdict(self) -> Verdict:
        self._raise()
        return self.script.verdict

    async def take_down(self) -> tuple[str, ...]:
        if self.read_only:
            raise ReadOnlyError("take the stack down", "this session is read-only", now="nothing was changed")
        self._raise()
        self.asked.append("take down")
        return (f"docker compose -p {self.spec.project} --profile green down",)

    async def close(self) -> None:
        self.closed = True

    def _tell(self, number: int, event: Event) -> None:
        record = Record(rollout=17, sequence=number, at=samples.AT, event=event)
        for listener in tuple(self._listeners):
            listener(record)

    def _raise(self) -> None:
        if self.script.error is not None:
            raise self.script.error


class FakeBackend:
    """A backend over a script; keeps its sessions for the test to look at."""

    def __init__(self, directory: Path, script: Script | None = None) -> None:
        self.directory = directory
        self.script = script or Script()
        self.sessions: list[FakeSession] = []
        self.actors: list[Actor] = []
        self.lines: list[CommandLine] = []

    def load(self, line: CommandLine, environ: Mapping[str, str]) -> Spec:
        assert environ is not None
        self.lines.append(line)
        if self.script.config_error is not None:
            raise self.script.config_error
        return replace(spec_in(self.directory), protected=self.script.protected)

    @asynccontextmanager
    async def session(self, spec: Spec, actor: Actor, *, read_only: bool) -> AsyncIterator[Session]:
        session = FakeSession(spec, self.script, read_only=read_only)
        self.sessions.append(session)
        self.actors.append(actor)
        try:
            yield session
        finally:
            await session.close()

    @asynccontextmanager
    async def demo(self, line: CommandLine, actor: Actor) -> AsyncIterator[Session]:
        self.lines.append(line)
        async with self.session(spec_in(self.directory), actor, read_only=False) as session:
            yield session

    async def findings(self, spec: Spec) -> tuple[Finding, ...]:
        assert spec.project == "shop"
        return self.script.findings

    def setup(self, line: CommandLine, environ: Mapping[str, str]) -> Setup:
        assert environ is not None
        self.lines.append(line)
        return Setup(
            spec=spec_in(self.directory),
            text="x-rollout:\n  service: app\n",
            files={self.directory / "state" / "nginx" / "upstream.conf": "# generated\n", **self.script.generated},
            env=(self.directory / ".env", "COMPOSE_FILE=docker-compose.yml:state/colors.yml\n"),
        )

    def prepare(self, spec: Spec) -> None:
        spec.proxy.config.mkdir(parents=True, exist_ok=True)


def held(by: str = "sha") -> LockLabel:
    """A lock that somebody else holds."""
    return LockLabel(host="vm1", pid=4711, user=by, command="rollout deploy", since=samples.AT, fence=9)


def lock_held() -> LockHeldError:
    """The error of a second rollout."""
    return LockHeldError(
        "take the lock of shop",
        "sha on vm1 (pid 4711) runs `rollout deploy` since 12:00:00",
        now="nothing was changed",
        next_command="rollout status --watch",
    )
