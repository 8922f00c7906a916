"""Every key in every phase: it acts, or it is dimmed and says why. Over a stack of fakes, with the real engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from console.model.color import Color
from console.model.events import LoadStarted, RolloutFinished
from console.model.plan import Action
from console.model.request import Request
from console.ports.journal import LockLabel
from console.tui.dialogs import base
from console.tui.keys import KEYS, Kind
from console.tui.obstacles import obstacle
from tests.fakes.stack import FakeStack, make_spec
from tests.tui.boards import board
from tests.tui.pilot import Opened, opened

ACTS = ("deploy", "cutover", "drain", "rollback", "retire", "recover", "hold", "abort", "load", "faster", "slower")


def reasons(console: Opened) -> dict[str, str]:
    return {key: obstacle(key, console.app.board) for key in ACTS}


async def deployed(console: Opened) -> None:
    """Green serves, blue is warm."""
    await console.press("D")
    await console.agree("deploy: blue serves, target green")
    await console.shows("rollout 1 done", "R rollback ready")
    await console.until(lambda: console.app.board.other is None, "for the lock of the fake to be seen free")


def hang_at(call: str) -> Callable[[FakeStack], None]:
    def prepare(stack: FakeStack) -> None:
        stack.proxy.faults.hangs.add(call)

    return prepare


def test_every_key_has_a_name_and_no_two_share_a_key() -> None:
    keys = [name for key in KEYS for name in key.key.split(",")]
    assert len(keys) == len(set(keys))
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert "ctrl+z" not in keys


def test_shift_acts_and_lower_case_looks() -> None:
    letters = [(key.shown, key.kind) for key in KEYS if key.shown.isalpha() and len(key.shown) == 1]
    assert {shown for shown, kind in letters if kind is not Kind.LOOKS} == {*"DCXRHALTVF"}
    assert {shown for shown, kind in letters if kind is Kind.LOOKS and shown.isupper()} == {"S"}


async def test_at_rest_only_what_makes_sense_acts() -> None:
    async with opened() as console:
        found = reasons(console)
        assert found["deploy"] == ""
        assert found["load"] == ""
        assert found["cutover"] == "cutover: green does not run; D deploys a release to it"
        assert found["drain"] == "drain: green does not run, so there is nothing to drain"
        assert found["rollback"] == "rollback: there is no earlier release"
        assert found["recover"].startswith("recover: every rollout has ended")
        assert found["hold"] == "hold: no rollout is running"
        assert found["abort"] == "abort: no rollout is running"
        assert found["faster"] == "no load is running: L starts it"


async def test_a_key_that_can_t_act_says_why_and_asks_nothing() -> None:
    async with opened() as console:
        await console.press("C")
        await console.shows("cutover: green does not run; D deploys a release to it")
        assert not console.stack.journal.kept


async def test_a_deploy_is_done_by_d_and_y() -> None:
    async with opened() as console:
        await deployed(console)
        assert console.stack.proxy.color is Color.GREEN
        await console.until(lambda: not obstacle("drain", console.app.board), "for the lock's end")
        found = reasons(console)
        acting = {key for key in ("deploy", "cutover", "drain", "rollback", "retire") if not found[key]}
        assert acting == {"deploy", "cutover", "drain", "rollback", "retire"}


async def test_a_rollback_is_done_by_r_and_y() -> None:
    async with opened() as console:
        await deployed(console)
        await console.act("rollback")
        await console.agree("rollback: green serves, target blue", "$ rollout rollback")
        await console.shows("rollout 2 done", "blue 1 serves")
        assert console.stack.proxy.color is Color.BLUE


@pytest.mark.parametrize("key", ["enter", "escape", "n", "q", "D"])
async def test_no_other_key_agrees_to_a_plan(key: str) -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it")
        await asyncio.sleep(0.35)
        await console.press(key)
        await console.pilot.pause(0.1)
        assert not console.stack.journal.kept


async def test_what_was_typed_ahead_is_not_taken_for_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PATIENCE", 600.0)  # however slow the machine is, it was typed ahead
    async with opened() as console:
        await console.press("D", "y", "y")
        await console.shows("y do it")
        assert not console.stack.journal.kept
        assert "deploy: blue serves" in console.text


async def test_a_stack_that_changed_since_the_plan_was_shown_is_left_alone() -> None:
    async with opened() as console:
        await console.press("D")
        await console.shows("y do it")
        console.stack.proxy.seed(Color.BLUE, generation=9)
        await console.agree()
        await console.shows("the stack has changed since the plan was shown")
        assert not console.stack.journal.kept


async def test_in_mid_rollout_only_hold_abort_and_load_act() -> None:
    async with opened(prepare=hang_at("validate")) as console:
        await console.press("D")
        await console.agree()
        await console.until(lambda: "validate" in console.stack.proxy.faults.calls, "for the hang")
        await console.until(lambda: console.app.board.running, "for the rollout to show")
        found = reasons(console)
        assert {key for key, why in found.items() if not why} == {"hold", "abort", "load"}
        assert found["deploy"].startswith("deploy waits for rollout")
        await console.press("A")
        await console.agree("ends at its next safe point")
        await console.until(lambda: not console.app.board.running, "for the end")
        assert console.stack.proxy.color is Color.BLUE


async def test_h_holds_at_the_next_gate_and_lets_go_on() -> None:
    async with opened() as console:

        def hold(record: object) -> None:
            if getattr(getattr(record, "event", None), "step", "") == "start":
                console.stack.session.hold()

        console.stack.session.subscribe(hold)
        await console.press("D")
        await console.agree()
        await console.shows("HELD before")
        assert console.stack.proxy.color is Color.BLUE
        console.stack.session.resume()
        await console.shows("rollout 1 done")


async def test_read_only_is_enforced_by_the_engine_and_not_by_the_keys() -> None:
    async with opened() as console:
        await console.press("exclamation_mark")
        await console.until(lambda: console.stack.session.read_only, "for the lock")
        await console.shows("READ-ONLY")
        await console.press("D")
        await console.shows("deploy: read-only, press ! to unlock")
        with pytest.raises(Exception, match="read-only"):
            await console.app.ask(lambda desk: desk.carry_out(Request(action=Action.DEPLOY), None))
        await console.press("exclamation_mark")
        await console.until(lambda: not console.stack.session.read_only, "for the unlocking")
        assert obstacle("deploy", console.app.board) == ""


async def test_a_console_opened_read_only_stays_so() -> None:
    async with opened(read_only=True) as console:
        await console.press("exclamation_mark")
        await console.shows("as it was opened (--read-only)")
        assert console.stack.session.read_only


async def test_the_lock_of_another_is_named() -> None:
    async with opened() as console:
        label = LockLabel(
            host="ci-3", pid=99, user="bot", command="rollout deploy", since="2026-01-01T00:00:00Z", fence=4
        )
        console.stack.lock.label = label
        await console.until(lambda: console.app.board.other is not None, "for the lock")
        assert "bot@ci-3, pid 99 holds the lock" in obstacle("deploy", console.app.board)
        assert "only there it can be ended" in obstacle("abort", console.app.board)


async def test_a_cutover_waits_for_replicas_that_are_not_healthy() -> None:
    async with opened(spec=make_spec(replicas=2)) as console:
        await deployed(console)
        console.engine.call(lambda: console.stack.runtime.lose(Color.BLUE, "unhealthy"))
        await console.until(lambda: "waits" in obstacle("cutover", console.app.board), "for the health")
        assert obstacle("cutover", console.app.board) == "cutover waits for blue: 1 of 2 replicas healthy"


async def test_a_protected_stack_wants_its_name_before_a_deploy_and_not_before_a_rollback() -> None:
    async with opened(spec=replace(make_spec(), protected=True)) as console:
        await console.press("D")
        await console.shows("type the name first")
        await asyncio.sleep(0.35)
        await console.press("y", "enter")
        assert not console.stack.journal.kept
        await console.press("backspace", *"shop", "enter")
        await console.agree()
        await console.shows("rollout 1 done")
        await console.act("rollback")
        await console.agree("rollback: green serves")
        await console.shows("rollout 2 done")


def test_load_that_measures_a_rollout_is_not_stopped_nor_is_it_while_one_begins() -> None:
    shown = board()
    assert shown.own is not None
    own = replace(
        shown.own, load=LoadStarted(url="http://127.0.0.1/", address="127.0.0.1:80", rate=500.0), finished=None
    )
    measured = replace(shown, own=own)
    ended = RolloutFinished(outcome="done", exit_code=0, active=Color.GREEN, seconds=1.0, message="")
    over = replace(own, finished=ended)
    began = "load waits for the rollout that begins: it may be measured by it"
    assert obstacle("load", measured).startswith(f"load: rollout {own.number} is measured by it")
    assert obstacle("load", replace(measured, own=over)) == began
    assert obstacle("load", replace(measured, own=None)) == began
    assert obstacle("load", replace(measured, own=replace(own, load=None))) == ""
    still = replace(measured.sample, running=False)
    assert obstacle("load", replace(measured, own=over, sample=still)) == ""


async def test_drift_is_named_and_only_ways_out_act() -> None:
    async with opened() as console:
        await deployed(console)
        console.stack.active.color = Color.BLUE
        await console.shows("DRIFT", "state blue file green live green")
        found = reasons(console)
        assert "DRIFT" in found["deploy"]
        assert found["rollback"] == ""


async def test_the_palette_goes_the_way_of_the_keys() -> None:
    async with opened(read_only=True) as console:
        console.app.pressing("deploy")()
        await console.shows("deploy: read-only")
        assert not any(isinstance(record.event, RolloutFinished) for record in console.stack.journal.kept)


async def test_the_help_has_every_key() -> None:
    async with opened((80, 50)) as console:
        await console.press("question_mark")
        text = await console.shows("acting keys", "looking keys")
        for key in KEYS:
            if key.shown and key.kind is not Kind.DEMO:
                assert key.help in text
