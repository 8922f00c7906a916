"""One table: every key in every phase and situation acts, or is dimmed and, pressed, says why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from console.model.color import Color
from console.model.events import PhaseChanged, Record, RolloutStarted
from console.model.phase import Phase
from console.model.spec import Spec
from console.ports.journal import LockLabel
from console.tui.board import Board
from console.tui.keys import KEYS, Kind, named
from console.tui.load_state import LoadState
from console.tui.obstacles import obstacle
from tests.fakes.stack import FakeStack, make_spec
from tests.tui.pilot import Opened, opened

SITUATIONS = (
    "opening",
    "at rest",
    "load on",
    "warm standby",
    "preparing",
    "cutting over",
    "verifying",
    "draining",
    "rolling back",
    "locked by another",
    "read-only",
    "drift",
    "cut off early",
    "cut off in mid-cutover",
)
TABLE = {  # a column a situation, in the order above
    "deploy": "o + + + r r r r r k ! d + v",
    "cutover": "o i i + r r r r r k ! + i +",
    "drain": "o i i + r r r r r k ! d i v",
    "rollback": "o e e + r r r r r k ! + e +",
    "hold": "o n n n + + + + + t ! n n n",
    "abort": "o n n n + + + + + t ! n n n",
    "load": "o + + + + + + + + + ! + + +",
    "faster": "o l + l l l l l l l ! l l l",
    "slower": "o l + l l l l l l l ! l l l",
    "retire": "o i i + r r r r r k ! d i v",
    "recover": "o x x x r r r r r k ! x + +",
    "fault": "o + + + r r r r r k ! d + v",
    "filter": "+ + + + + + + + + + + + + +",
    "logs": "o + + + + + + + + + + + + +",
    "replicas": "o + + + + + + + + + + + + +",
    "history": "o + + + + + + + + + + + + +",
    "receipt": "o c c + c c c c c c c + c c",
    "zoom": "+ + + + + + + + + + + + + +",
    "freeze": "+ + + + + + + + + + + + + +",
    "copy": "+ + + + + + + + + + + + + +",
    "screenshot": "+ + + + + + + + + + + + + +",
    "mouse": "+ + + + + + + + + + + + + +",
    "lock": "o + + + + + + + + + ! + + +",
    "panel(1)": "+ + + + + + + + + + + + + +",
    "panel(2)": "+ + + + + + + + + + + + + +",
    "panel(3)": "+ + + + + + + + + + + + + +",
    "panel(4)": "+ + + + + + + + + + + + + +",
    "panel(5)": "+ + + + + + + + + + + + + +",
    "next": "+ + + + + + + + + + + + + +",
    "previous": "+ + + + + + + + + + + + + +",
    "palette": "+ + + + + + + + + + + + + +",
    "help": "+ + + + + + + + + + + + + +",
    "leave": "+ + + + + + + + + + + + + +",
}
"""`+` acts; a letter is a reason of `REASONS`."""
REASONS = {
    "o": "waits until the stack is open",
    "i": "does not run",
    "e": "there is no earlier release",
    "n": "no rollout is running",
    "l": "no load is running: L starts it",
    "x": "every rollout has ended",
    "r": "waits for rollout",
    "k": "holds the lock",
    "t": "only there it can be ended",
    "!": "read-only",
    "d": "DRIFT",
    "v": "never finished; V shows the ways on",
    "c": "no rollout has ended yet",
}
HELD = LockLabel(host="ci-3", pid=99, user="bot", command="rollout deploy", since="2026-01-01T00:00:00Z", fence=4)
LOST = RolloutStarted(
    action="deploy", target=Color.GREEN, previous=Color.BLUE, user="ann", host="here", pid=1, command="rollout deploy",
    fence=1, project="shop", plan=("deploy",),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a console gets into a situation."""

    prepare: Callable[[FakeStack], None] = lambda _: None
    go: Callable[[Opened], Awaitable[None]] | None = None
    spec: Spec | None = None
    read_only: bool = False


def stopping_in(phase: Phase, port: str, call: str) -> Callable[[FakeStack], None]:
    """From the moment that a rollout is in this phase, the next such call has no answer."""

    def prepare(stack: FakeStack) -> None:
        def hear(record: Record) -> None:
            if isinstance(record.event, PhaseChanged) and record.event.after is phase:
                getattr(stack, port).faults.hangs.add(call)

        stack.session.subscribe(hear)

    return prepare


def rolling_in(phase: Phase) -> Callable[[Opened], Awaitable[None]]:
    async def go(console: Opened) -> None:
        await console.press("D")
        await console.agree()
        await console.until(
            lambda: console.app.board.running and (own := console.app.board.own) is not None and own.phase is phase,
            f"for {phase}",
        )

    return go


def failing_after_the_cutover(stack: FakeStack) -> None:
    stack.proxy.fresh_failure = 500
    stopping_in(Phase.ROLLING_BACK, "proxy", "validate")(stack)


async def deployed(console: Opened) -> None:
    await console.press("D")
    await console.agree()
    await console.shows("rollout 1 done", "rollback ready")
    await console.until(lambda: console.app.board.other is None and not console.app.board.running, "for the end")


async def locked(console: Opened) -> None:
    console.stack.lock.label = HELD
    await console.until(lambda: console.app.board.other is not None, "for the lock")


async def drifted(console: Opened) -> None:
    await deployed(console)
    console.stack.active.color = Color.BLUE
    await console.shows("DRIFT")


async def found(console: Opened) -> None:
    await console.until(lambda: bool(console.app.board.verdict.choices), "for the verdict")


def lost(stack: FakeStack) -> None:
    stack.journal.append(rollout=1, at="2026-01-01T00:00:00Z", event=LOST)


def lost_in_mid_cutover(stack: FakeStack) -> None:
    lost(stack)
    stack.runtime.put(Color.GREEN, stack.second)
    stack.proxy.seed(Color.GREEN, generation=2)


WAYS = {
    "at rest": Way(),
    "warm standby": Way(go=deployed),
    "preparing": Way(prepare=stopping_in(Phase.PREPARING, "runtime", "start"), go=rolling_in(Phase.PREPARING)),
    "cutting over": Way(
        prepare=stopping_in(Phase.CUTTING_OVER, "proxy", "validate"), go=rolling_in(Phase.CUTTING_OVER)
    ),
    "verifying": Way(spec=make_spec(window=600.0), go=rolling_in(Phase.VERIFYING)),
    "draining": Way(prepare=stopping_in(Phase.DRAINING, "proxy", "old_workers"), go=rolling_in(Phase.DRAINING)),
    "rolling back": Way(prepare=failing_after_the_cutover, go=rolling_in(Phase.ROLLING_BACK)),
    "locked by another": Way(go=locked),
    "read-only": Way(read_only=True),
    "drift": Way(go=drifted),
    "cut off early": Way(prepare=lost, go=found),
    "cut off in mid-cutover": Way(prepare=lost_in_mid_cutover, go=found),
}


@asynccontextmanager
async def situation(name: str) -> AsyncIterator[Opened]:
    way = WAYS[name]
    async with opened(spec=way.spec, read_only=way.read_only, demo=True, prepare=way.prepare) as console:
        if way.go is not None:
            await way.go(console)
        yield console
        if console.engine.rolling:
            console.engine.abort("the test")


def expected(situation: str) -> dict[str, str]:
    column = SITUATIONS.index(situation)
    return {key: row.split()[column] for key, row in TABLE.items()}


def judged(board: Board) -> dict[str, str]:
    """Every key's sign by the reasons that the board gives."""
    signs = {}
    for key in TABLE:
        reason = obstacle(key, board)
        fitting = [sign for sign, words in REASONS.items() if words in reason]
        signs[key] = "+" if not reason else fitting[0] if len(fitting) == 1 else f"{reason} {fitting}"
    return signs


def test_the_table_has_every_key_and_every_situation() -> None:
    assert set(TABLE) == {key.id for key in KEYS}
    assert {len(row.split()) for row in TABLE.values()} == {len(SITUATIONS)}
    assert {sign for row in TABLE.values() for sign in row.split()} == {"+", *REASONS}
    assert {*WAYS, "opening", "load on"} == set(SITUATIONS)


def test_while_the_stack_is_being_opened_nothing_acts() -> None:
    assert judged(Board()) == expected("opening")


async def test_while_load_is_on_its_rate_can_be_changed() -> None:
    async with opened(demo=True) as console:
        sample = replace(console.app.board.sample, load=LoadState(on=True, url="http://127.0.0.1:1/", rate=50.0))
        assert judged(replace(console.app.board, sample=sample)) == expected("load on")


@pytest.mark.parametrize("name", WAYS)
async def test_keys(name: str) -> None:
    async with situation(name) as console:
        signs = expected(name)
        await console.until(lambda: judged(console.app.board) == signs, f"for {signs}, not {judged(console.app.board)}")
        for key, sign in signs.items():
            if sign != "+" and named(key).key:
                reason = obstacle(key, console.app.board)
                await console.press(named(key).key.partition(",")[0])
                await console.shows(reason[:60])
        started = sum(isinstance(record.event, RolloutStarted) for record in console.stack.journal.kept)
        assert started == (0 if name in {"at rest", "locked by another", "read-only"} else 1), "none of them acted"


@pytest.mark.parametrize("name", ["at rest", "warm standby"])
async def test_an_acting_key_shows_first_what_it_would_do(name: str) -> None:
    async with situation(name) as console:
        asked = [key for key, sign in expected(name).items() if sign == "+" and named(key).kind is not Kind.LOOKS]
        before = len(console.stack.journal.kept)
        for key in asked:
            await console.press(named(key).key)
            await console.until(lambda: len(console.app.screen_stack) > 1 + 1, f"for the dialog of {key}")
            await console.press("escape")
            await console.until(lambda: len(console.app.screen_stack) == 1 + 1, f"for the end of the dialog of {key}")
        assert len(console.stack.journal.kept) == before
