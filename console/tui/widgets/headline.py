"""The first row: who serves, what is wrong, and, always true, how quickly a rollback can happen."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from console.cli.report import ColorStatus, Readiness, Role, StatusReport
from console.model.color import Color
from console.model.phase import Phase
from console.model.plan import Action
from console.observe.rollout import RolloutView, StepStatus
from console.tui.board import Board
from console.tui.names import release_numbered, release_of, took
from console.tui.obstacles import obstacle
from console.tui.paint import Line, Tone, line, spread, toned, width_of

_NAME = 16
"""Characters of the stack's name at most: who serves matters more."""
_BACK = frozenset({"preflight", "await-ready", "smoke-replicas", "write", "validate", "apply", "read-back"})
"""The steps of a rollback until the other color serves."""
_BEFORE = frozenset({Phase.PLANNED, Phase.PREPARING, Phase.CUTTING_OVER})
"""Phases in which the target does not serve yet. Afterwards it is what is seen that counts, a moment later."""
_GOING_BACK = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.RESTORING, Phase.CLEANING_UP})
_SHORTER = (
    frozenset({"estimate", "name", "standby"}),
    frozenset({"name", "standby"}),
    frozenset({"standby"}),
    frozenset({"name"}),
    frozenset[str](),
)
"""What of the row is shown beside who serves and what is wrong. The standby goes only where the right end names it."""


def headline(board: Board, width: int, *, frozen: bool = False) -> Line:
    """The row in this many columns. Where there is no room, what matters least goes first, as `_SHORTER` says."""
    flags = _flags(board, frozen=frozen)
    for parts in _SHORTER:
        left, estimate = _left(board, parts), _estimate(board) if "estimate" in parts else ""
        right = ((" ", Tone.PLAIN), *flags, *_rollback(board, estimate), (" ", Tone.PLAIN))
        if width_of(left) + width_of(right) <= width:
            break
    return spread(left, right, width, dots=board.glyphs.dots)


def _left(board: Board, shown: AbstractSet[str]) -> Line:
    name = board.facts.project if board.facts else "rollout"
    status = board.status
    if len(name) > _NAME:
        name = name[: _NAME - 1] + board.glyphs.dots
    arrow = (f"{board.glyphs.arrow} ", Tone.DIM)
    head = line((f" {name} ", Tone.STRONG), arrow) if "name" in shown else line(" ")
    if status is None:
        return (*head, *line(("looking", Tone.DIM)))
    alarm = _alarm(board, status)
    if alarm:
        return (*head, *line((f" {alarm} ", Tone.ALARM)))
    row: Line = head
    for color in sorted(status.colors, key=lambda one: one.role is not Role.ACTIVE):
        word = _word(color, status, coming=color.color is _coming(board))
        if word and ("standby" in shown or word != "warm" or color.color is not _way_back(status)):
            name = release_of(board.sample.view, color.color)
            part = line((color.color.value, toned(color.color)), f" {name} {word} ")
            row = (*row, *part) if row is head else (*row, *line(arrow), *part)
    return row


def _way_back(status: StatusReport) -> Color | None:
    """The color that the right end says to be ready."""
    return status.rollback.color if status.rollback.readiness is Readiness.READY else None


def _word(color: ColorStatus, status: StatusReport, *, coming: bool) -> str:
    if color.color is status.serving:
        return "serves"
    if coming:
        return "starting"
    if color.role is Role.WARM:
        return "warm" if status.standby is not None or status.rollback.readiness is Readiness.READY else "runs"
    return ""


def _coming(board: Board) -> Color | None:
    """The color that a deploy is about to move the traffic to: until then it is no way back."""
    rollout = board.rollout
    if board.verdict.choices and not board.running:
        return None  # what never finished goes nowhere by itself
    if rollout is None or rollout.over or rollout.action != Action.DEPLOY.value or rollout.phase in _GOING_BACK:
        return None
    serving = board.status.serving if board.status else None
    return rollout.target if rollout.phase in _BEFORE or serving is not rollout.target else None


def _alarm(board: Board, status: StatusReport) -> str:
    """What nobody may miss; empty when all is well."""
    drift = board.drift
    if drift is not None:
        return f"DRIFT state {drift.state} file {drift.file} live {drift.live}"
    if status.live_generation is None:
        return "THE PROXY DOES NOT ANSWER"
    if status.served is None:
        return "NOTHING SERVES"
    if status.serving is None:
        return f"A STRANGER SERVES: {status.served}"
    if board.verdict.choices and not board.running:
        return f"ROLLOUT {board.verdict.rollout} NEVER FINISHED"
    return ""


def _flags(board: Board, *, frozen: bool) -> Line:
    flags: list[Line] = []
    if frozen:
        flags.append(line((" FROZEN ", Tone.ALARM), " "))
    if board.guarded:
        flags.append(line(("PROTECTED", Tone.WARN), " "))
    if board.read_only:
        flags.append(line(("READ-ONLY", Tone.WARN), " "))
    return tuple(span for flag in flags for span in flag)


def _rollback(board: Board, estimate: str) -> Line:
    status = board.status
    if status is None:
        return ()
    can = not obstacle("rollback", board)
    back, rollout = status.rollback, board.rollout
    if rollout is not None and not rollout.over and rollout.phase in _GOING_BACK and board.running:
        return line(("going back", Tone.DIM))
    if back.color is _coming(board):
        return line(("rollback: once it serves", Tone.DIM))
    view = board.sample.view
    name = release_of(view, back.color) if back.readiness is Readiness.READY else release_numbered(view, back.release)
    name = name or (f"r{back.release}" if back.release is not None else "")
    which = f"{back.color.value} {name}".strip()
    key = (f"{board.shown('rollback')} ", Tone.ACCENT if can else Tone.DIM)
    match back.readiness:
        case Readiness.READY:
            return line(key, f"rollback ready: {which}{estimate}")
        case Readiness.COLD:
            return line(key, (f"rollback cold: {which}", Tone.WARN))
        case Readiness.NONE:
            return line(("no rollback yet", Tone.DIM))


def _estimate(board: Board) -> str:
    """How long it took last time until the other color served, by the steps that a rollback has too."""
    rollout = board.rollout
    seconds = _measured(rollout) if rollout is not None else None
    return f", {took(seconds)}" if seconds is not None else ""


def _measured(rollout: RolloutView) -> float | None:
    done = {step.id: step.seconds for step in rollout.steps if step.status is StepStatus.SUCCEEDED}
    if "read-back" not in done:
        return None
    ready = 0.0 if rollout.action == "deploy" else (done.get("await-ready") or 0.0)
    return ready + sum(done.get(step) or 0.0 for step in _BACK if step != "await-ready")
