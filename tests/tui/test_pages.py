"""History, receipt and replicas: what they show, and that their keys mean what the cursor is on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from console.adapters.storage.receipts import FileReceipts
from console.model.color import Color
from console.model.errors import RuntimeFailedError
from console.model.events import Record, ReleaseServed, RolloutFinished
from console.model.observed import Health, ReplicaState
from console.model.plan import Action
from console.model.request import Request
from console.model.spec import Spec
from console.ports.runtime import ReplicaStats
from console.tui.paint import Tone, text_of, width_of
from console.tui.screens.receipt import ReceiptScreen
from console.tui.widgets.pager import Pager
from tests.cli.samples import STARTED
from tests.fakes.stack import FakeStack, make_spec
from tests.tui.pilot import Opened, opened

HOSTILE = "\x1b[2J\x1b]0;title\x07[red]x[/red]\u202e\u0301한글"
"""What is left of it: a text like any other."""


def pager(console: Opened) -> Pager:
    return console.app.screen.query_one(Pager)


def chosen(console: Opened) -> str:
    """The row that the cursor is on."""
    rows = pager(console).rows
    return next((text_of(row) for row in rows if row and all(tone is Tone.CURSOR for _, tone in row)), "")


async def rolled(console: Opened, *images: str) -> None:
    """Deploys of these images, one after the other."""
    for number, image in enumerate(images, start=1):
        request = Request(action=Action.DEPLOY, image=image)
        await console.app.ask(lambda desk, request=request: desk.carry_out(request, None))
        await console.until(
            lambda number=number: bool(console.app.board.rollout and console.app.board.rollout.number == number),
            f"for rollout {number}",
        )
        await console.until(lambda: not console.app.board.running and console.app.board.other is None, "for its end")


def kept_in(directory: Path) -> Spec:
    return replace(make_spec(), state=directory)


def with_receipts(stack: FakeStack) -> None:
    stack.ports = replace(stack.ports, receipts=FileReceipts(stack.spec.state / "receipts"))
    stack.session.ports = stack.ports


async def test_the_history_tells_who_serves_and_who_waits() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2")
        await console.press("h")
        text = await console.shows("r1", "2 releases that served")
        first, second = (row for row in text.splitlines() if row.startswith("r"))
        assert "r1" in first
        assert "green serves" in first
        assert "r0" in second
        assert "blue  warm" in second


async def test_only_the_last_of_several_alike_serves_in_the_history() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2", "shop:2")
        await console.press("h")
        text = await console.shows("r2", "releases that served")
        rows = [row for row in text.splitlines() if row.startswith("r")]
        assert [row.split()[0] for row in rows if " serves " in row] == ["r2"]
        assert len([row for row in rows if " warm " in row]) == 1


async def test_the_history_leads_back_to_any_release() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2", "shop:3", "shop:4")
        await console.press("h")
        await console.shows("r3", "r2", "r1")
        await console.press("down", "down")
        await console.until(lambda: chosen(console).startswith("r1 "), "for the cursor")
        await console.press("R")
        await console.agree("rollback", "$ rollout rollback --to 1")
        await console.shows("rollout 4 done")
        served = [one.event for one in console.stack.journal.kept if isinstance(one.event, ReleaseServed)]
        assert served[-1].reference == "shop:2"
        serving = console.stack.runtime.containers[console.stack.proxy.color]
        assert {one.image_id for one in serving} == {console.stack.runtime.images["shop:2"].id}


async def test_in_a_narrow_window_the_release_under_the_cursor_is_meant_also_with_broken_lines() -> None:
    async with opened((60, 18)) as console:
        await rolled(console, "shop:2", "shop:3", "shop:4")
        await console.press("h")
        await console.shows("r3", "r1")
        await console.press("w", "down", "down")
        await console.until(lambda: chosen(console).startswith("r1 "), "for the cursor")
        await console.press("R")
        await console.paints("$ rollout rollback --to 1")


async def test_a_rollback_that_was_not_agreed_to_changes_nothing() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2", "shop:3")
        before = len(console.stack.journal.kept)
        await console.press("h")
        await console.shows("r2", "r1")
        await console.press("down", "R")
        await console.shows("y do it")
        await console.press("escape")
        await console.pilot.pause(0.1)
        assert len(console.stack.journal.kept) == before


async def test_a_release_of_the_history_is_not_rolled_back_to_in_read_only() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2", "shop:3")
        console.stack.session.read_only = True
        await console.app.ask(lambda desk: desk.lock(read_only=True))
        await console.until(lambda: console.app.board.read_only, "for the lock")
        await console.press("h")
        await console.shows("r2", "r1")
        await console.press("down", "R")
        await console.shows("read-only, press ! to unlock")


async def test_a_release_that_comes_while_the_history_is_shown_is_there_and_the_cursor_stays() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2")
        await console.press("h")
        await console.shows("2 releases")
        await console.press("down")
        await console.until(lambda: chosen(console).startswith("r0 "), "for the cursor")
        request = Request(action=Action.DEPLOY, image="shop:3")
        await console.app.ask(lambda desk: desk.carry_out(request, None))
        await console.shows("r2")
        await console.until(lambda: chosen(console).startswith("r0 "), "for the cursor on the same release")


async def test_names_of_any_kind_leave_the_columns_of_the_history_below_each_other() -> None:
    def prepare(stack: FakeStack) -> None:
        stack.session._actor = replace(stack.session._actor, user=HOSTILE)

    async with opened((120, 40), prepare=prepare) as console:
        await rolled(console, "shop:2", f"shop-{'x' * 40}:3")
        await console.press("h")
        await console.shows("r2", "r1", "[red]x[/red…")
        rows = [row for row in pager(console).lines if text_of(row).startswith("r")]
        stamps = [width_of(((text_of(row).split("20")[0], Tone.PLAIN),)) for row in rows]
        assert len(set(stamps)) == 1
        assert all(text_of(row).isprintable() for row in rows)


async def test_the_receipt_of_a_release_opens_from_the_history_in_both_forms(tmp_path: Path) -> None:
    async with opened((100, 40), spec=kept_in(tmp_path), prepare=with_receipts) as console:
        await rolled(console, "shop:2")
        await console.press("h")
        await console.shows("r1")
        await console.press("e")
        await console.shows("receipt of rollout 1", "deploy", "green")
        await console.press("J")
        await console.shows('"rollout": 1', "JSON")
        shown = "\n".join(text_of(row) for row in pager(console).lines)
        assert json.loads(shown) == json.loads((tmp_path / "receipts" / "1.json").read_text())
        await console.press("J")
        await console.until(lambda: '"rollout": 1' not in console.text, "for the text again")
        await console.press("escape")
        await console.shows("releases that served")


async def test_a_release_that_nobody_rolled_out_has_no_receipt_and_that_is_told() -> None:
    async with opened((120, 40)) as console:
        await rolled(console, "shop:2")
        await console.press("h")
        await console.shows("r1", "r0")
        await console.press("down", "e")
        await console.shows("no rollout made this release")


async def test_e_shows_the_receipt_of_the_last_rollout_and_without_one_says_why() -> None:
    async with opened() as console:
        await console.press("e")
        await console.shows("no rollout has ended yet")


async def test_a_receipt_that_is_not_there_yet_is_shown_as_soon_as_it_is(tmp_path: Path) -> None:
    async with opened((100, 40), spec=kept_in(tmp_path)) as console:
        await rolled(console, "shop:2")
        await console.press("e")
        await console.shows("rollout 1 has no receipt, though it ended", "next:", "journal.jsonl")
        FileReceipts(tmp_path / "receipts").write(console.stack.receipts.written[-1])
        await console.shows("receipt of rollout 1", "green")
        await console.until(lambda: "no receipt" not in console.text, "for the receipt")


async def test_why_there_is_no_receipt_is_said_as_the_command_says_it_and_anew_once_the_rollout_is_gone(
    tmp_path: Path,
) -> None:
    def runs(stack: FakeStack) -> None:
        fence = stack.lock.acquire("rollout deploy", since="2026-01-01T00:00:00Z").fence
        stack.journal.append(rollout=1, at="2026-01-01T00:00:00Z", event=replace(STARTED, fence=fence))

    async with opened((100, 40), spec=kept_in(tmp_path), prepare=runs) as console:
        console.app.push_screen(ReceiptScreen(1))
        await console.shows("rollout 1 has no receipt yet: it still runs", "next:", "$ rollout status")
        console.stack.lock.release()
        await console.shows("rollout 1 has left no receipt: it never ended", "$ rollout recover")


async def test_a_journal_that_can_not_be_read_does_not_hide_that_there_is_no_receipt(tmp_path: Path) -> None:
    def unreadable(*_: object) -> Iterator[Record]:
        raise PermissionError(13, "Permission denied")

    async with opened((100, 40), spec=kept_in(tmp_path)) as console:
        console.stack.journal.newest = unreadable  # type: ignore[method-assign]
        console.app.push_screen(ReceiptScreen(7))
        await console.shows("there is none in", "$ rollout history")


async def test_a_receipt_fits_the_window_that_it_is_shown_in(tmp_path: Path) -> None:
    async with opened((120, 40), spec=kept_in(tmp_path), prepare=with_receipts) as console:
        await rolled(console, "shop:2")
        await console.press("e")
        await console.shows("receipt of rollout 1", "green")
        await console.pilot.resize_terminal(60, 18)
        await console.until(lambda: max(map(width_of, pager(console).rows)) <= 60, "for the new width")


async def test_a_replica_is_shown_with_all_that_is_known_of_it() -> None:
    def prepare(stack: FakeStack) -> None:
        blue = stack.runtime.containers[Color.BLUE]
        blue[0] = replace(
            blue[0], health=Health.UNHEALTHY, restarts=3, started_at="2026-01-01T00:00:00Z",
            health_output="connection refused " * 12,
        )  # fmt: skip
        blue[1] = replace(blue[1], state=ReplicaState.EXITED, exit_code=137, address=None)
        blue[2] = replace(blue[2], health=Health.NONE)
        stack.runtime.uses[blue[0].id] = ReplicaStats(cpu_percent=12.5, memory_bytes=44 << 20)

    async with opened((80, 44), spec=make_spec(replicas=3), prepare=prepare) as console:
        await console.press("i")
        text = await console.shows("blue-1", "blue-2", "12.5 %, 44M", "running  ✓  no healthcheck")
        for words in ("running  unhealthy", "shop:1", "10.0.0.1:8000", "exited, exit code 137", "up ", "restarts 3"):
            assert words in text
        assert text.count("connection refused") > 8, "the probe's output goes on in the next row"
        assert "it does not run" in text


async def test_the_logs_of_the_replica_under_the_cursor_open() -> None:
    async with opened(spec=make_spec(replicas=3)) as console:
        await console.press("i")
        await console.shows("blue-1")
        await console.press("down", "down")
        await console.until(lambda: chosen(console).startswith("blue-3"), "for the cursor")
        await console.press("l")
        await console.shows("logs blue-3", "log of blue-3")
        await console.press("escape")
        await console.shows("replicas 3")


async def test_a_replica_that_vanishes_is_told_and_the_cursor_stays_on_its_own() -> None:
    async with opened((80, 40), spec=make_spec(replicas=3)) as console:
        await console.press("i")
        await console.shows("blue-1", "blue-3")
        await console.press("down", "down")
        await console.until(lambda: chosen(console).startswith("blue-3"), "for the cursor")
        del console.stack.runtime.containers[Color.BLUE][0]
        console.stack.runtime._tell(console.stack.runtime.containers[Color.BLUE][0], "destroy")
        await console.until(lambda: "blue-1" not in console.text, "for it to be gone")
        await console.until(lambda: chosen(console).startswith("blue-3"), "for the cursor on the same replica")
        del console.stack.runtime.containers[Color.BLUE][1]
        console.stack.runtime._tell(console.stack.runtime.containers[Color.BLUE][0], "destroy")
        await console.shows("blue-3 is gone", "replicas 1")
        assert chosen(console).startswith("blue-2")


async def test_two_hundred_replicas_can_be_gone_through_and_searched() -> None:
    async with opened(spec=make_spec(replicas=200)) as console:
        await console.press("i")
        await console.shows("replicas 200", "blue-1")
        await console.press("end")
        await console.until(lambda: chosen(console).startswith("blue-200"), "for the last one")
        await console.press("slash", *"blue-77", "enter")
        await console.until(lambda: chosen(console).startswith("blue-77"), "for the one that was looked for")
        await console.press("l")
        await console.shows("logs blue-77")


async def test_a_page_is_copied_without_what_could_harm_a_terminal() -> None:
    def prepare(stack: FakeStack) -> None:
        blue = stack.runtime.containers[Color.BLUE]
        blue[0] = replace(blue[0], image=HOSTILE, health_output=HOSTILE)

    async with opened(prepare=prepare) as console:
        await console.press("i")
        await console.shows("[red]x[/red]")
        await console.press("y")
        await console.shows("copied")
        assert "[red]x[/red]" in console.app.clipboard
        assert all(row.isprintable() for row in console.app.clipboard.splitlines())
        assert not any(isinstance(one.event, RolloutFinished) for one in console.stack.journal.kept)


async def test_what_can_t_be_seen_any_more_is_told_with_its_age_and_back_again() -> None:
    async with opened((100, 30)) as console:
        await console.press("i")
        await console.shows("blue-1")
        console.stack.runtime.faults.raises["replicas"] = RuntimeFailedError("list the replicas", "no daemon")
        console.stack.runtime._tell(console.stack.runtime.containers[Color.BLUE][0], "health_status")
        await console.shows("reconnecting, as of", "blue-1")
        del console.stack.runtime.faults.raises["replicas"]
        await console.until(lambda: "reconnecting" not in console.text, "for the connection")
