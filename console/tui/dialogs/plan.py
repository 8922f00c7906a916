"""The dialog of every key that acts: the rendered plan, the same command for the CLI, and `y`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Button, Input

from console.model.errors import RolloutError
from console.model.plan import Plan, PlannedStep, Stage
from console.model.request import Request
from console.tui.dialogs.base import Dialog, command_rows, paragraphs
from console.tui.dialogs.problem import problem_rows
from console.tui.paint import Line, Rows, Tone, fit, line

_LIMIT = 15
"""Columns beside a step's title: its deadline, and the mark that there is more to scroll to."""
_WIDE = 100
_WIDEST = 116


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What the operator has seen and agreed to."""

    request: Request
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a dialog is opened with."""

    request: Request
    title: str
    command: Callable[[Request], str]
    """The command line that does the same."""
    make_plan: Callable[[Request], Awaitable[Plan]]
    """May raise `RolloutError`."""
    confirm_name: str = ""
    """The stack's name, when it must be typed first."""
    takes_image: bool = False


class PlanDialog(Dialog[Agreed]):
    """Answers with what was agreed to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", show=False),
        Binding("i", "image", show=False),
    ]

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.title)
        self._asked = asked
        self._request = asked.request
        self._plan: Plan | None = None
        self._error: RolloutError | None = None
        self._naming = bool(asked.confirm_name)
        self._named = not asked.confirm_name
        self._remark = ""

    def compose_more(self) -> ComposeResult:
        """A line for what has to be typed."""
        yield Input(id="typed", compact=True)

    def on_mount(self) -> None:
        """Ask the engine for the plan at once; the box is there before it answers."""
        typed = self.query_one("#typed", Input)
        typed.display = bool(self._asked.confirm_name)
        if self._naming:
            self.add_class("protected")
            self.query_one("#box").border_subtitle = "protected"
            typed.placeholder = f"protected: type {self._asked.confirm_name} and Enter"
        self._look()

    def text(self, width: int) -> Rows:
        """The plan, or why there is none."""
        rows: list[Line] = []
        if self._error is not None:
            rows += problem_rows(self._error, width)
        elif self._plan is None:
            rows.append(line(("asking the engine for the plan", Tone.DIM)))
        else:
            rows += plan_rows(self._plan, width)
        return tuple(rows)

    def foot(self, width: int) -> Rows:
        """What is wrong with what was typed, and the command that does the same."""
        remark = paragraphs(self._remark, width, Tone.WARN) if self._remark else ()
        return (*remark, *command_rows(self._asked.command(self._request), width))

    @property
    def widest(self) -> int:
        """As `Dialog.widest`; where there is room, the causes stand beside the steps."""
        return max(self.WIDTH, min(_WIDEST, self.app.size.width - 8))

    @property
    def first_focus(self) -> str:
        """As `Dialog.first_focus`."""
        return "#typed" if self._asked.confirm_name else "#cancel"

    @property
    def extra_rows(self) -> int:
        """As `Dialog.extra_rows`."""
        return 1 if self.is_mounted and self.query_one("#typed").display else 0

    def hint(self) -> Line:
        """As `Dialog.hint`."""
        image = line(("i", Tone.ACCENT), " another image   ") if self._asked.takes_image and not self._naming else ()
        yes = line(("y", Tone.ACCENT), " do it   ") if self._may else line((self._why_not, Tone.DIM), "   ")
        return (*yes, *image, *line(("Esc", Tone.ACCENT), " cancel"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The name is right, or another image is to be deployed."""
        event.stop()
        value = event.value.strip()
        if self._naming:
            self._named = value == self._asked.confirm_name
            self._remark = "" if self._named else f"that is not the name of this stack: {self._asked.confirm_name}"
            if self._named:
                self._naming = False
                self.wait_anew()
                self._release_focus(event.input)
        else:
            self._release_focus(event.input)
            if value:
                self._request = replace(self._request, image=value)
                self._plan = self._error = None
                self._look()
        self.redraw()

    def action_cancel(self) -> None:
        """Leave the line for the image, else answer nothing."""
        typed = self.query_one("#typed", Input)
        if typed.has_focus and not self._naming:
            self._release_focus(typed)
        else:
            self.dismiss(None)

    def action_confirm(self) -> None:
        """Agree to the plan that is shown, once it could be read."""
        if self._may and self.ripe and self._plan is not None:
            self.dismiss(Agreed(request=self._request, plan=self._plan))

    def action_image(self) -> None:
        """Type another image."""
        if self._asked.takes_image and not self._naming:
            typed = self.query_one("#typed", Input)
            typed.value, typed.placeholder = "", "image reference"
            typed.display = True
            typed.focus()
            self.redraw()

    @property
    def _may(self) -> bool:
        return self._plan is not None and self._named

    @property
    def _why_not(self) -> str:
        if self._error is not None:
            return "refused"
        return "one moment" if self._plan is None else "type the name first"

    def _release_focus(self, typed: Input) -> None:
        typed.display = False
        self.redraw()
        self.query_one("#cancel", Button).focus()

    @work(exclusive=True)
    async def _look(self) -> None:
        self.redraw()
        try:
            self._plan = await self._asked.make_plan(self._request)
        except RolloutError as error:
            self._error = error
        self.wait_anew()
        self.redraw()


def plan_rows(plan: Plan, width: int) -> Rows:
    """The steps, with a line where traffic begins to move. What does not fit in width goes from the right."""
    head = f"{plan.previous.value} serves" + (f", target {plan.target.value}" if plan.target else "")
    rows = [line((f"{plan.action.value}: {head}", Tone.STRONG))]
    moved = False
    size = max((len(planned.title) for planned in plan.steps), default=0)
    for number, planned in enumerate(plan.steps, start=1):
        if planned.stage is Stage.CUTOVER and not moved:
            moved = True
            rows.append(line(("     from here on traffic moves", Tone.ACCENT)))
        rows.append(_step(number, planned, min(size, width - _LIMIT - 5), width))
    if not moved:
        rows.append(line(("     no traffic moves", Tone.DIM)))
    return tuple(rows)


def _step(number: int, planned: PlannedStep, size: int, width: int) -> Line:
    cause = f"  {planned.cause}" if width >= _WIDE else ""
    title = fit(line(planned.title), size)
    return (*line((f"{number:>3}  ", Tone.DIM)), *title, *line((f"  {planned.limit:<12}{cause}", Tone.DIM)))
