"""Whether a key can act now, and if not, why: the same answer dims it and is shown when it is pressed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.render.durations import clock

if TYPE_CHECKING:
    from console.cli.report import ColorStatus
    from console.tui.board import Board

_ROLLOUTS = frozenset({"deploy", "cutover", "drain", "rollback", "retire", "recover", "fault"})
_ACTS = _ROLLOUTS | {"hold", "abort", "load", "faster", "slower"}
_OUT_OF_INCIDENTS = frozenset({"rollback", "cutover", "recover"})


def obstacle(key: str, board: Board) -> str:
    """Why this key can't act now; empty when it can, or when it only looks."""
    if key not in _ACTS:
        return _nothing_to_see(key, board)
    if board.facts is None:
        return f"{key} waits until the stack is open"
    if board.read_only:
        fixed = board.facts.fixed_read_only
        return f"{key}: read-only, {'as it was opened (--read-only)' if fixed else 'press ! to unlock'}"
    if key in {"hold", "abort"}:
        return _needs_rollout(key, board)
    if key in _ROLLOUTS:
        return _busy(key, board) or _by_action(key, board)
    return _needs_load(key, board)


def _nothing_to_see(key: str, board: Board) -> str:
    if board.facts is None and key in {"logs", "replicas", "history", "receipt", "lock"}:
        return f"{key} waits until the stack is open"
    if key == "lock" and board.facts is not None and board.facts.fixed_read_only:
        return "read-only, as it was opened (--read-only)"
    if key == "receipt" and (board.rollout is None or not board.rollout.over):
        return "no rollout has ended yet, so that there is no receipt"
    view = board.sample.view
    if key == "logs" and (view is None or not view.observed.replicas):
        return "there is no replica whose logs could be read"
    return ""


def _needs_rollout(key: str, board: Board) -> str:
    if board.running:
        return ""
    lock = board.other
    if lock is not None:
        return f"{key}: {lock.user}@{lock.host} (pid {lock.pid}) runs it: only there it can be ended"
    return f"{key}: no rollout is running"


def _busy(key: str, board: Board) -> str:
    if board.busy:
        return f"{key} waits: {board.busy}"
    if board.running:
        number = f" {board.own.number}" if board.own is not None and not board.own.over else ""
        return f"{key} waits for rollout{number}: {board.shown('abort')} ends it, {board.shown('hold')} holds it"
    lock = board.other
    if lock is not None:
        who = f"{lock.user}@{lock.host}, pid {lock.pid}"
        return f"{key} waits: {who} holds the lock since {clock(lock.since)} ({lock.command})"
    return ""


def _by_action(key: str, board: Board) -> str:  # noqa: PLR0911 - a table of reasons
    status = board.status
    if status is None:
        return f"{key} waits for the first look at the stack"
    if key == "recover":
        return "" if board.verdict.choices else "recover: every rollout has ended, there is nothing to recover"
    if board.verdict.choices and not board.verdict.consistent and key not in _OUT_OF_INCIDENTS:
        ways = f"{board.shown('recover')} shows the ways on"
        return f"{key} waits: rollout {board.verdict.rollout} never finished; {ways}"
    if board.drift is not None and key not in _OUT_OF_INCIDENTS:
        return f"{key} waits: state, file and live proxy disagree (DRIFT); type: {status.next_command}"
    idle = next((color for color in status.colors if color.color is status.rollback.color), None)
    if key == "cutover":
        return _cutover(idle, board)
    if key == "rollback":
        return "" if status.rollback.possible else "rollback: there is no earlier release"
    if key in {"drain", "retire"} and (idle is None or not idle.running):
        name = idle.color.value if idle else "the idle color"
        return f"{key}: {name} does not run, so there is nothing to {'drain' if key == 'drain' else 'stop'}"
    return ""


def _cutover(idle: ColorStatus | None, board: Board) -> str:
    if idle is None or not idle.running:
        name = idle.color.value if idle else "the idle color"
        return f"cutover: {name} does not run; {board.shown('deploy')} deploys a release to it"
    if idle.healthy < idle.replicas:
        return f"cutover waits for {idle.color.value}: {idle.healthy} of {idle.replicas} replicas healthy"
    return ""


def _needs_load(key: str, board: Board) -> str:
    on = board.sample.load.on
    if key in {"faster", "slower"} and not on:
        return f"no load is running: {board.shown('load')} starts it"
    if key == "load" and on and board.running:
        own = board.own
        if own is None or own.over:  # the one that begins has no number yet
            return "load waits for the rollout that begins: it may be measured by it"
        if own.load is not None:
            return f"load: rollout {own.number} is measured by it; it can be stopped afterwards"
    return ""
