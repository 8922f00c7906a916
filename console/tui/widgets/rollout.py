"""Panel 4: a rollout as it runs, whoever runs it: what is done, what is waited for, how it ended."""

from __future__ import annotations

from itertools import pairwise

from console.cli.render.durations import coarse
from console.observe.rollout import RolloutView, StepStatus, StepView
from console.tui.board import Board
from console.tui.names import release_name, step_name, took
from console.tui.paint import Line, Rows, Tone, line, spread, width_of, wrapped
from console.tui.telling import end_of

_SIGNS = {StepStatus.SUCCEEDED: Tone.GOOD, StepStatus.FAILED: Tone.BAD, StepStatus.CANCELLED: Tone.WARN}
_NEXT = 4
"""How many of the steps to come are named."""
_WAITING = 2
"""Rows at most for what a step waits for."""
_INDENT = "  "


def rollout_rows(board: Board, width: int, height: int) -> Rows:
    """What was done, then what is being done; the latest rows when there are too many."""
    rollout = board.rollout
    if board.verdict.choices and not board.running:
        return _unfinished(board, width)
    if rollout is None:
        return (line(("no rollout so far", Tone.DIM)),) if board.facts else (line(("opening the stack", Tone.DIM)),)
    last = _ended(board, rollout, width) if rollout.over else _running(board, rollout, width)
    room = max(min(1, height - 1), height - len(last))
    rows = (*_done(board, rollout, width, room), *last)
    return (*rows, *(() if rollout.over else _to_come(board, rollout, width)))[:height]


def _done(board: Board, rollout: RolloutView, width: int, room: int) -> Rows:
    """The latest of what was done, and always what failed: it is why all that follows is done."""
    if not room:
        return ()
    steps = [step for step in rollout.steps if step.status in _SIGNS]
    rows = wrapped([_step(board, step) for step in steps], width)
    if len(rows) <= room:
        return rows
    failed = [_step(board, step) for step in steps if step.status is StepStatus.FAILED]
    latest = rows[-room:]
    if all(piece in _pieces(latest) for piece in failed):
        return latest
    kept = [_step(board, step) for step in steps]
    while len(rows) > room:
        place = next((place for place, piece in enumerate(kept) if piece not in failed), None)
        if place is None:
            return rows[-room:]
        del kept[place]
        rows = wrapped([line((board.glyphs.dots, Tone.DIM)), *kept], width)
    return rows


def _pieces(rows: Rows) -> set[Line]:
    """The steps in these rows: each is a sign with a name, and how long it took."""
    return {pair for row in rows for pair in pairwise(row)}


def rollout_title(board: Board) -> Line:
    """Its number, what it does, and who runs it when that is somebody else."""
    rollout = board.rollout
    if rollout is None:
        return ()
    name = release_name(rollout.image.reference) if rollout.image else ""
    what = " ".join(filter(None, (rollout.action, name or (rollout.target.value if rollout.target else ""))))
    own = board.own is not None and board.own.number == rollout.number
    by = line((f"  by {rollout.user}@{rollout.host}", Tone.DIM)) if not own and not rollout.over else ()
    return (*line(f"{rollout.number}  {what}"), *by)


def rollout_note(board: Board) -> Line:
    """How long it takes, and its phase."""
    rollout = board.rollout
    if rollout is None:
        return ()
    if rollout.finished is not None:
        return line((took(rollout.finished.seconds), Tone.DIM))
    if board.verdict.choices and not board.running:
        return line((f"cut off while {rollout.phase.value}", Tone.WARN))
    if rollout.aborted_by:
        return line((f"ending safely, {rollout.phase.value}", Tone.WARN))
    return line((f"{rollout.phase.value} {coarse(rollout.elapsed(board.now))}", Tone.ACCENT))


def _step(board: Board, step: StepView) -> Line:
    glyphs = board.glyphs
    sign = {StepStatus.SUCCEEDED: glyphs.good, StepStatus.FAILED: glyphs.bad}.get(step.status, glyphs.warn)
    tone = _SIGNS[step.status]
    text = f"{sign} {step_name(step.id or step.title)}"
    return line((text, tone), (f" {took(step.seconds or 0.0)}", Tone.DIM))


def _running(board: Board, rollout: RolloutView, width: int) -> Rows:
    """The step, what it waits for, and at a place of their own, where nothing cuts them, its seconds and the hold."""
    sign = board.glyphs.running
    if rollout.held_before:
        return (
            line(
                (f"{sign} HELD before {step_name(rollout.held_before)}: {board.shown('hold')} lets it go on", Tone.WARN)
            ),
        )
    step = rollout.step
    if step is None:
        return (line((f"{sign} {rollout.phase.value}", Tone.ACCENT)),)
    left = step.remaining(board.now)
    until = f"{coarse(left)} left" if left is not None else ""
    hold: Line = line(("  (hold asked for)", Tone.WARN)) if board.sample.held else ()
    title = line((f"{sign} {step.title}", Tone.ACCENT))
    short = (*title, *line(f"{f': {step.waiting}' if step.waiting else ''}{f', {until}' if until else ''}"), *hold)
    if width_of(short) <= width:
        return (short,)
    end = (*line(f"  {until}" if until else ""), *hold)
    waiting = wrapped([line(word) for word in step.waiting.split()], width - len(_INDENT))[:_WAITING]
    return (spread(title, end, width, dots=board.glyphs.dots), *((*line(_INDENT), *row) for row in waiting))


def _to_come(board: Board, rollout: RolloutView, width: int) -> Rows:
    coming = [step.title for step in rollout.steps if step.status is StepStatus.PLANNED]
    if not coming:
        return ()
    names = ", ".join(coming[:_NEXT]) + (f", {board.glyphs.dots}" if len(coming) > _NEXT else "")
    return (line((f"{board.glyphs.pending} then {names}", Tone.DIM)),) if width else ()


def _ended(board: Board, rollout: RolloutView, width: int) -> Rows:
    finished = rollout.finished
    if finished is None:
        return ()
    word, tone = end_of(finished.outcome)
    now = finished.message or (f"{finished.active.value} serves" if finished.active else "")
    dropped = f"{rollout.cut} requests cut  " if rollout.cut else ""
    measured = rollout.measured
    if measured is not None and measured.valid:
        dropped = f"{measured.dropped:,} dropped / {measured.due:,}  "
    words = [line((text, Tone.PLAIN)) for text in now.split()]
    if rollout.warnings:
        count, key = len(rollout.warnings), board.shown("receipt")
        told = f"{board.glyphs.warn} {count} warning{f', {key} shows it' if count == 1 else f's, {key} shows them'}"
        words += [line((text, Tone.WARN)) for text in told.split()]
    lost = Tone.BAD if _lost(rollout) else Tone.PLAIN
    head = [line((f"{word}:", tone)), *([line((dropped.strip(), lost), "  ")] if dropped else [])]
    rows = list(wrapped([*head, *words], width))
    if finished.next_command:
        rows.append(line(("next: ", Tone.DIM), finished.next_command))
    return tuple(rows)


def _lost(rollout: RolloutView) -> bool:
    return bool(rollout.cut or (rollout.measured is not None and rollout.measured.dropped))


def _unfinished(board: Board, width: int) -> Rows:
    verdict = board.verdict
    story = line(
        (f"rollout {verdict.rollout} NEVER FINISHED", Tone.ALARM),
        (f"  {board.shown('recover')} shows the ways on", Tone.ACCENT),
    )
    words = [line(word) for word in verdict.story.split()]
    return (story, *wrapped(words, width))
