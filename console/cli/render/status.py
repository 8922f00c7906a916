"""`rollout status` for people, in 80 columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from console.cli.render.clean import clean
from console.cli.render.durations import clock, coarse, moment, stamp
from console.cli.render.problem import field_lines
from console.cli.render.style import Mark, Style
from console.cli.report import DOWN, ColorStatus, Readiness, Role, StatusReport
from console.model.color import Color

_MARKS = {
    Role.ACTIVE: Mark.DONE,
    Role.WARM: Mark.WARM,
    Role.STOPPED: Mark.OFF,
    Role.ABSENT: Mark.OFF,
}
_COLUMNS = "{color:<6} {role}{release:<6} {replicas:<8} {health:<10} {id:<12}"


def status_text(report: StatusReport, style: Style, now: datetime, for_this_stack: Callable[[str], str]) -> str:
    """The report as text; `for_this_stack` adds the flags that make a command pasteable."""
    lines = [_headline(report, style)]
    lines += [line for status in report.colors for line in _color(status, style)]
    lines += _upstream(report, style)
    lines += _standby(report, now, style)
    lines += field_lines("rollback", _rollback(report), style)
    lines += field_lines("lock", _lock(report), style)
    if report.unfinished is not None:
        lines += field_lines("unfinished", report.unfinished.story, style)
    for reason in report.needs_human:
        lines += style.fold(clean(reason), first=2, indent=4)
    lines += field_lines("next", for_this_stack(report.next_command), style, verbatim=True)
    return "\n".join(lines) + "\n"


def _headline(report: StatusReport, style: Style) -> str:
    if report.serving is not None:
        release = f" r{report.release}" if report.release is not None else ""
        serves = f"{report.serving.value}{release} serves"
    elif DOWN in report.needs_human:
        serves = "down"
    elif report.problem:
        serves = "it can't be seen who serves"
    else:
        serves = "NOTHING SERVES"
    fine = not report.needs_human
    word = serves if fine else f"{serves}, needs a human"
    return f"{style.bold(clean(report.project))}: {style.mark(Mark.DONE if fine else Mark.FAILED, word)}"


def _color(status: ColorStatus, style: Style) -> list[str]:
    absent = status.role is Role.ABSENT
    line = _COLUMNS.format(
        color=status.color.value,
        role=style.mark(_MARKS[status.role], status.role.value, width=10),
        release="" if status.release is None else f"r{status.release}",
        replicas="" if absent else f"{status.healthy}/{status.replicas}",
        health=status.health,
        id=status.image_id,
    )
    lines = [f"  {line.rstrip()}"]
    image = clean(status.image)
    if len(lines[0]) + 2 + len(image) <= style.width_of(lines[0]):
        lines[0] += f"  {image}" if image else ""
    elif image:
        lines.append(f"{'':<9}{image}")
    if status.restarts:
        lines.append(f"{'':<9}restarted {status.restarts} times")
    for note in status.notes:
        lines += style.fold(clean(note), first=9, indent=11)
    return lines


def _upstream(report: StatusReport, style: Style) -> list[str]:
    parts = (
        f"file {_side(report.file_color, report.file_generation)}",
        f"live {_side(report.live_color, report.live_generation)}",
        f"state {report.recorded.value if report.recorded else 'missing'}",
    )
    agree = style.mark(Mark.DONE, "agree") if report.drift is None else style.mark(Mark.FAILED, "DRIFT")
    lines = [f"  {'upstream':<10} {' · '.join(parts) if style.terminal.unicode else ', '.join(parts)}  {agree}"]
    if report.drift is not None:
        state, file, live = report.drift
        lines += field_lines("drift", f"state says {state}, file says {file}, live proxy says {live}", style)
    if report.problem:
        lines += field_lines("proxy", report.problem, style)
    if report.served:
        owner = report.serving.value if report.serving else "neither color"
        lines += field_lines("answers", f"{report.served} ({owner})", style)
    if report.workers or report.old_workers:
        old = f", {report.old_workers} old finishing requests" if report.old_workers else ""
        lines += field_lines("workers", f"{report.workers} accepting{old}", style)
    return lines


def _side(color: Color | None, generation: int | None) -> str:
    if generation is None:
        return "missing"
    return f"{color.value if color else 'fallback'} {generation}"


def _standby(report: StatusReport, now: datetime, style: Style) -> list[str]:
    standby = report.standby
    if standby is None:
        return []
    until = moment(standby.until)
    left = "" if until is None else _left((until - now.astimezone(UTC)).total_seconds())
    text = f"{standby.color.value} warm since {clock(standby.since)}, until {clock(standby.until)}{left}"
    return field_lines("standby", text, style)


def _left(seconds: float) -> str:
    return f" ({coarse(seconds)} left)" if seconds > 0 else " (over: the next deploy or `rollout retire` stops it)"


def _rollback(report: StatusReport) -> str:
    rollback = report.rollback
    name = f"{rollback.color.value}{'' if rollback.release is None else f' r{rollback.release}'}"
    match rollback.readiness:
        case Readiness.READY:
            return f"rollback ready: {name}"
        case Readiness.COLD:
            return f"rollback cold: {name} must be started first"
        case Readiness.NONE:
            return "no rollback: there is no earlier release"


def _lock(report: StatusReport) -> str:
    lock = report.lock
    if lock is None:
        return "free"
    return f"held by {lock.user} on {lock.host}, pid {lock.pid}, since {stamp(lock.since)}: {lock.command}"
