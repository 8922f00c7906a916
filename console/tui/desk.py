"""What runs beside the engine for one screen: observer, load, samples. All of it on the engine's own loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from console.engine.history import recent, standby_since
from console.engine.session import Session
from console.model.color import Color
from console.model.errors import ReadOnlyError, RolloutError
from console.model.events import ActiveRecorded, CutoverSeen, Record
from console.model.plan import Action, Plan
from console.model.release import Release
from console.model.request import Outcome, RecoveryChoice, Request, Verdict
from console.model.spec import LoadSpec
from console.observe.follow import Added
from console.observe.observer import StackObserver
from console.observe.sources import History
from console.observe.view import StackView
from console.tui.bridge import Bridge
from console.tui.measuring import Measuring
from console.tui.sample import Sample
from console.tui.traffic import Traffic

RATE = 4.0
"""Samples a second at most: what a screen shows, and a slow link carries."""
RELEASES = 200
"""How many releases the history shows; `rollout history --limit` shows more."""
HISTORY = 200
"""Events of the journal that a screen begins with."""
_FLIGHTS = 0.5
_KEEPER = 5.0
"""Seconds between looks at whether the warm standby has waited long enough."""
_TRIES = 3
"""After so many failures to retire the standby, it is left to the operator."""


class Desk:
    """One session with everything that a screen wants of it.

    Args:
        session: the session.
        bridge: where everything goes that happens.
        fixed_read_only: whether it was opened read-only, so that nobody can unlock it.
    """

    def __init__(self, session: Session, bridge: Bridge, *, fixed_read_only: bool = False) -> None:
        self.session = session
        self._fixed_read_only = fixed_read_only
        self.traffic = Traffic(session.ports.make_load)
        self.ended = asyncio.Event()
        self._bridge = bridge
        self._measuring = Measuring()
        self._observer = StackObserver(session.spec, session.ports, History(releases=recent, standby=standby_since))
        self._view: StackView | None = None
        self._verdict: Verdict | None = None
        self._verdict_of: tuple[int, bool] | None = None
        self._flights: dict[Color, int] = {}
        self._sequence = 0
        self._held = False
        self.outcome: Outcome | None = None
        """How the last rollout of this session ended."""
        self._rollout: asyncio.Task[Outcome] | None = None
        self._news = asyncio.Event()
        self._told: Sample | None = None

    @property
    def rolling(self) -> asyncio.Task[Outcome] | None:
        """The rollout of this session that is under way."""
        return self._rollout if self._rollout is not None and not self._rollout.done() else None

    async def run(self) -> None:
        """Observe and sample until `ended` is set and the running rollout is over."""
        ports = self.session.ports
        self.session.ports = replace(ports, make_load=self.traffic.make if ports.make_load is not None else None)
        stop = self.session.subscribe(self._own)
        work: list[asyncio.Future[object]] = [
            asyncio.ensure_future(part)
            for part in (
                self._observer.run(self._saw, hear=self._journal),
                self._sampling(),
                self._flying(),
                self._keeping(),
            )
        ]
        waiting: asyncio.Future[object] = asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait({waiting, *work}, return_when=asyncio.FIRST_COMPLETED)
            if self._rollout is not None:
                await asyncio.wait({self._rollout})
            for part in work:
                if part.done():
                    part.result()
        finally:
            stop()
            for part in (waiting, *work):
                part.cancel()
            await asyncio.wait({waiting, *work}, timeout=5.0)
            await self.traffic.stop()

    async def carry_out(self, request: Request, plan: Plan | None) -> Outcome:
        """Run a request to its end, whatever becomes of whoever waits here. Raises as `Session.run`."""
        return await self._go(self.session.run(request, expected=plan))

    async def recover(self, choice: RecoveryChoice, plan: Plan | None) -> Outcome:
        """As `Session.recover`, to its end likewise."""
        return await self._go(self.session.recover(choice, expected=plan))

    async def hold(self) -> bool:
        """Hold the running rollout, or let it go on; whether it is to hold now. Raises `ReadOnlyError`."""
        self._may_act("hold the rollout")
        if self.rolling is None:
            self._held = False
        elif self._held:
            self._held = False
            self.session.resume()
        else:
            self._held = True
            self.session.hold()
        self._publish()
        return self._held

    async def abort(self) -> bool:
        """As `Session.abort`, by whose session this is; whether there was a rollout to end. Raises `ReadOnlyError`."""
        self._may_act("end the rollout")
        self.session.abort(self.session.asker)
        return self.session.running

    async def lock(self, *, read_only: bool) -> None:
        """Let nothing act any more, or let it. Raises `ReadOnlyError` for a session that was opened read-only."""
        if not read_only and self._fixed_read_only:
            raise ReadOnlyError("unlock", "it was opened read-only", now="nothing can act", next_command="rollout")
        self.session.read_only = read_only
        self._publish()

    async def load(self, load: LoadSpec | None) -> None:
        """Begin to send load, or stop it. Raises `ReadOnlyError`, and as `Traffic.start`."""
        self._may_act("stop the load" if load is None else "send load")
        if load is None:
            await self.traffic.stop()
            self._publish()
            return
        self._measuring = Measuring()
        await self.traffic.start(load, timeout=self.session.spec.answer_timeout)
        self._publish()

    async def rate(self, rate: float) -> None:
        """Another rate of the load, in requests a second. Raises `ReadOnlyError`."""
        self._may_act("change the load")
        await self.traffic.rate(rate)
        self._publish()

    async def logs(self, name: str, *, tail: int) -> tuple[str, ...]:
        """As `Runtime.logs`, of the replica of that name, with times. Raises `RuntimeFailedError`."""
        ports = self.session.ports
        replica = next((one for one in await ports.runtime.replicas() if one.name == name), None)
        if replica is None:
            raise RolloutError(f"read the logs of {name}", "there is no such replica any more")
        return await ports.runtime.logs(replica, tail=tail, timestamps=True)

    async def break_proxy(self, *, broken: bool) -> None:
        """On the embedded stack: give the proxy a configuration that it must refuse, or take it away again.

        Raises `ReadOnlyError`; taking it away is always allowed.
        """
        poison = self.session.spec.proxy.config / "zz-rehearsal.conf"
        if broken:
            self._may_act("rehearse a failure")
            poison.write_text("this_directive_exists_only_in_a_rehearsal on;\n", encoding="utf-8")
        else:
            poison.unlink(missing_ok=True)

    async def releases(self) -> tuple[Release, ...]:
        """As `Session.history`; the newest ones, so that a journal of years is no wait."""
        return self.session.history(RELEASES)[:RELEASES]

    def _may_act(self, attempted: str) -> None:
        if self.session.read_only:
            raise ReadOnlyError(attempted, "this session is read-only", now="nothing was changed")

    async def _go(self, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        task = asyncio.ensure_future(work)
        self._rollout, self._held = task, False
        self._publish()
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Outcome]) -> None:
        self._held = False
        self._publish()
        self._observer.look()
        if not task.cancelled() and task.exception() is None:  # whoever waited has an exception; nobody may, by now
            self.outcome = task.result()

    def _own(self, record: Record) -> None:
        if record.sequence:
            self._sequence = max(self._sequence, record.sequence)
        self._measuring.hear(record)
        self._bridge.hear(record, own=True)
        if record.sequence:
            self._observer.notice(record)
        if isinstance(record.event, CutoverSeen | ActiveRecorded):
            self._observer.look()  # who serves is in the first row
        if self._bridge.progressing:
            self._news.set()

    def _journal(self, added: Added) -> None:
        """What others wrote, and at the beginning what was there; this session's own was heard already."""
        records = added.records[-HISTORY:] if added.anew else added.records
        for record in records:
            if record.sequence > self._sequence:
                self._sequence = record.sequence
                self._measuring.hear(record)
                self._bridge.hear(record, own=False)

    def _saw(self, view: StackView) -> None:
        self._view = view
        self._news.set()

    async def _sampling(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self.traffic.run is None else 1 / RATE):
                    await self._news.wait()
            self._news.clear()
            await self._look_back()
            self._publish()
            await asyncio.sleep(1 / RATE)

    def _publish(self) -> None:
        """Put a sample onto the bridge, if it tells anything new."""
        self._measuring.follow(self.traffic.run)
        sample = Sample(
            view=self._view,
            requests=self._measuring.shown(calm=self._calm),
            load=self.traffic.state,
            running=self.rolling is not None,
            held=self._held,
            read_only=self.session.read_only,
            verdict=self._verdict,
            flights=dict(self._flights),
        )
        if sample != self._told or self._bridge.progressing:
            self._told = sample
            self._bridge.sample(sample)

    @property
    def _calm(self) -> bool:
        """Whether figures may wait a little: nothing rolls, here or elsewhere, and all that is looked at is seen."""
        view = self._view
        return self.rolling is None and (view is None or not (view.rolling or view.problems or view.drift))

    async def _look_back(self) -> None:
        """What an unfinished rollout left, asked anew whenever that may have changed."""
        view = self._view
        now = (view.rollout.number if view and view.rollout else 0, bool(view and view.abandoned))
        if view is None or now == self._verdict_of:
            return
        self._verdict_of = now
        with contextlib.suppress(RolloutError, OSError):
            self._verdict = await self.session.verdict() if view.abandoned else None

    async def _flying(self) -> None:
        """While something rolls: the requests that the color being left still serves."""
        while True:
            await asyncio.sleep(_FLIGHTS)
            view = self._view
            if view is None or not view.rolling:
                self._flights = {}
                continue
            idle = view.observed.idle
            addresses = frozenset(one.address for one in view.observed.running(idle) if one.address)
            try:
                async with asyncio.timeout(2.0):
                    flying = await self.session.ports.proxy.in_flight(addresses) if addresses else None
            except (RolloutError, TimeoutError):
                flying = None
            self._flights = {} if flying is None else {idle: flying}
            self._news.set()

    async def _keeping(self) -> None:
        """Retire the warm standby once it has waited for as long as it was to be kept."""
        failures = 0
        while True:
            await asyncio.sleep(_KEEPER)
            view = self._view
            if view is None or view.standby is None or view.rolling or self.rolling or self.session.read_only:
                continue
            if not _over_at(view) or failures >= _TRIES:
                continue
            try:
                await self._go(self.session.run(Request(action=Action.RETIRE)))
                failures = 0
            except RolloutError:
                failures += 1  # somebody else acts, or it is gone: the view will say so


def _over_at(view: StackView) -> bool:
    standby = view.standby
    if standby is None or not view.observed.running(standby.color):
        return False
    try:
        until = datetime.fromisoformat(standby.since) + timedelta(seconds=standby.keep)
    except (ValueError, OverflowError):
        return False
    return datetime.now(UTC) > until.astimezone(UTC)
