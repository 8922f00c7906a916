"""What the operator asks for: the dialogs in front of it, the engine behind it, and what came of it.

Screens decide which key was meant; here it is said first, agreed to, and handed to the engine's thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from console.cli.render.durations import duration
from console.model.errors import RolloutError
from console.model.plan import Action, Plan
from console.model.request import Outcome, RecoveryChoice, Request
from console.model.spec import LoadSpec
from console.tui.acting import PROTECTED, REHEARSALS, Rehearsal, command_for, request_for
from console.tui.dialogs.base import Dialog
from console.tui.dialogs.choice import ChoiceDialog, Option
from console.tui.dialogs.confirm import ConfirmDialog
from console.tui.dialogs.plan import Agreed, Asked, PlanDialog
from console.tui.dialogs.problem import ProblemDialog
from console.tui.obstacles import obstacle
from console.tui.paint import line, width_of
from console.tui.telling import end_of
from console.tui.traffic import LONGEST, stepped

if TYPE_CHECKING:
    from console.tui.app import ConsoleApp

T = TypeVar("T")

_WAYS = {
    RecoveryChoice.RESUME: ("r", "go on with it", "what was asked for is done to its end, with the same image"),
    RecoveryChoice.ROLLBACK: ("b", "roll back", "the previous release gets the traffic"),
    RecoveryChoice.ADOPT: ("a", "adopt what serves", "file and record follow the color that serves; nothing moves"),
}


class Operator:
    """Carries out what keys ask for."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app
        self._asking = False
        self._acts: dict[str, Callable[[], Awaitable[None]]] = {
            "hold": self._hold,
            "abort": self._abort,
            "load": self._load,
            "faster": lambda: self._rate(up=True),
            "slower": lambda: self._rate(up=False),
            "recover": self._recover,
            "fault": self._fault,
            "lock": self._lock,
        }

    async def act(self, key: str) -> None:
        """Do what a key asks, or say why it can't be done now."""
        reason = obstacle(key, self._app.board)
        if reason:
            self._app.notice(reason, bad=True)
            return
        try:
            if key in self._acts:
                await self._acts[key]()
            else:
                await self.roll(request_for(key, self._app.board))
        except RolloutError as error:
            self._tell(error)

    async def roll(self, request: Request) -> None:
        """Show the plan of a request and, when it is agreed to, carry it out."""
        agreed = await self._agreed(request)
        if agreed is not None:
            await self._carry_out(agreed)

    async def _agreed(self, request: Request) -> Agreed | None:
        facts = self._app.board.facts
        protected = facts is not None and facts.protected and request.action in PROTECTED
        to = "" if request.to_release is None else f" to r{request.to_release}"
        asked = Asked(
            request=request,
            title=f"{request.action.value}{to}",
            command=lambda asked: self._app.for_this_stack(command_for(asked)),
            make_plan=self._plan,
            confirm_name=facts.project if facts is not None and protected else "",
            takes_image=request.action is Action.DEPLOY,
        )
        return await self._answer(PlanDialog(asked))

    async def _answer(self, dialog: Dialog[T]) -> T | None:
        """The answer to a question. While one is asked, a second one (typed ahead, from the palette) is dropped."""
        if self._asking:
            return None
        self._asking = True
        try:
            return await self._app.push_screen_wait(dialog)
        finally:
            self._asking = False

    async def _plan(self, request: Request) -> Plan:
        return await self._app.ask(lambda desk: desk.session.plan(request))

    async def _carry_out(self, agreed: Agreed) -> None:
        await self._until_over(self._app.ask(lambda desk: desk.carry_out(agreed.request, agreed.plan)))

    async def _until_over(self, work: Awaitable[Outcome]) -> None:
        try:
            outcome = await work
        except RolloutError as error:
            self._tell(error)
            return
        word, _ = end_of(outcome.result.value)
        self._app.notice(f"rollout {outcome.rollout} {word}", bad=outcome.result.exit_code != 0)

    async def _hold(self) -> None:
        held = await self._app.ask(lambda desk: desk.hold())
        again = self._app.board.shown("hold")
        self._app.notice(f"hold: it waits at the next gate; {again} lets it go on" if held else "it goes on")

    async def _abort(self) -> None:
        rollout = self._app.board.rollout
        number = f"rollout {rollout.number}" if rollout else "the rollout"
        words = (
            f"{number} ends at its next safe point.\n\nTraffic stays on the color that was seen serving last: "
            "before the cutover that is the old one, and the new color is stopped; after it the new one keeps serving."
        )
        if not await self._answer(ConfirmDialog("abort", words)):
            return
        now = self._app.board.rollout
        same = (now.number if now else 0) == (rollout.number if rollout else 0)
        if same and await self._app.ask(lambda desk: desk.abort()):
            self._app.notice("abort: ending safely")
        else:
            self._app.notice(f"abort: {number} has ended meanwhile; nothing was changed", bad=True)

    async def _load(self) -> None:
        board = self._app.board
        if board.sample.load.on:
            await self._app.ask(lambda desk: desk.load(None))
            self._app.notice("load stopped")
            return
        if board.facts is None:
            return
        load = board.facts.load
        words = (
            f"Send {load.rate:g} requests a second to {load.url}, this stack's own address, "
            f"until {self._app.board.shown('load')} is pressed again, for at most {duration(LONGEST)}.\n\n"
            "They are synthetic, every one is counted, and a rollout that runs meanwhile is measured by them."
        )
        command = f"rollout load {load.url} --rate {load.rate:g} --duration {LONGEST:g}s"
        if await self._answer(ConfirmDialog("load", words, command=command)):
            await self.start_load(load)

    async def start_load(self, load: LoadSpec) -> None:
        """Send load from now on. Raises `RolloutError`."""
        await self._app.ask(lambda desk: desk.load(load))
        self._app.notice(f"load: {load.rate:g} requests a second")

    async def _rate(self, *, up: bool) -> None:
        rate = stepped(self._app.board.sample.load.rate, up=up)
        await self._app.ask(lambda desk: desk.rate(rate))
        self._app.notice(f"load: {rate:g} requests a second")

    async def _lock(self) -> None:
        read_only = not self._app.board.read_only
        await self._app.ask(lambda desk: desk.lock(read_only=read_only))
        self._app.notice("read-only: the engine refuses to act; ! unlocks" if read_only else "unlocked: keys act again")

    async def _recover(self) -> None:
        verdict = self._app.board.verdict
        options = tuple(
            Option(key=_WAYS[way][0], answer=way.value, text=_WAYS[way][1], detail=_WAYS[way][2])
            for way in verdict.choices
        )
        answer = await self._answer(ChoiceDialog(f"rollout {verdict.rollout} never finished", verdict.story, options))
        if answer is None:
            return
        choice = RecoveryChoice(answer)
        asked = Asked(
            request=Request(action=Action.RECOVER),
            title=f"recover: {_WAYS[choice][1]}",
            command=lambda _: self._app.for_this_stack(f"rollout recover --{choice.value}"),
            make_plan=lambda _: self._app.ask(lambda desk: desk.session.plan_recovery(choice)),
        )
        agreed = await self._answer(PlanDialog(asked))
        if agreed is not None:
            await self._until_over(self._app.ask(lambda desk: desk.recover(choice, agreed.plan)))

    async def _fault(self) -> None:
        options = tuple(Option(key=one.key, answer=one.key, text=one.text, detail=one.detail) for one in REHEARSALS)
        answer = await self._answer(ChoiceDialog("rehearse a failure", "Deploy a release, and", options))
        rehearsal = next((one for one in REHEARSALS if one.key == answer), None)
        if rehearsal is not None:
            await self._rehearse(rehearsal)

    async def _rehearse(self, rehearsal: Rehearsal) -> None:
        facts, load = self._app.board.facts, self._app.board.sample.load
        if facts is None:
            return
        sent = LoadSpec(url=load.url, rate=load.rate) if load.on else facts.load
        request = Request(action=Action.DEPLOY, image=rehearsal.image or None, load=sent)
        agreed = await self._agreed(request)
        if agreed is None:
            return
        if not load.on:
            await self.start_load(facts.load)  # without requests nobody sees a release fail that smoke tests passed
        if not rehearsal.breaks_proxy:
            await self._carry_out(agreed)
            return
        await self._app.ask(lambda desk: desk.break_proxy(broken=True))
        try:
            await self._carry_out(agreed)
        finally:
            await self._app.ask(lambda desk: desk.break_proxy(broken=False))

    def _tell(self, error: RolloutError) -> None:
        parts = (str(error), error.now and f"now: {error.now}", error.next_command and f"next: {error.next_command}")
        text = "; ".join(filter(None, parts))
        if width_of(line(text)) < self._app.size.width:
            self._app.notice(text, bad=True)
        else:
            self._app.push_screen(ProblemDialog(error))
