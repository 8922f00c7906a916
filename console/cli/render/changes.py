"""What became different between two looks at a stack, a line each. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from console.cli.render.clean import clean
from console.cli.render.style import Mark
from console.cli.report import ColorStatus, Role, StatusReport
from console.model.observed import Health


def changes(before: StatusReport, after: StatusReport) -> Iterator[tuple[Mark, str]]:
    """The lines; none when nothing that matters changed."""
    known = _reasons(before)
    now = _reasons(after)
    for reason in now:
        if reason not in known:
            yield Mark.FAILED, clean(reason)
    for reason in known:
        if reason not in now:
            yield Mark.DONE, f"no longer: {clean(reason)}"
    if after.serving is not None and (before.serving, before.release) != (after.serving, after.release):
        release = f" r{after.release}" if after.release is not None else ""
        yield Mark.NOTE, f"{after.serving.value}{release} serves"
    for old, new in zip(before.colors, after.colors, strict=True):
        yield from _color(old, new)


def _reasons(report: StatusReport) -> tuple[str, ...]:
    """Why a human is needed; a drift with its three values, so that another drift is another reason."""
    state, file, live = report.drift or ("", "", "")
    said = f"DRIFT: state says {state}, file says {file}, live proxy says {live}"
    return tuple(said if reason.startswith("DRIFT") else reason for reason in report.needs_human)


def _color(before: ColorStatus, after: ColorStatus) -> Iterator[tuple[Mark, str]]:
    color = after.color.value
    if _state(before) != _state(after):
        short = after.role is Role.ACTIVE and after.healthy < after.replicas
        bad = short or after.health == Health.UNHEALTHY.value
        yield Mark.WARNING if bad else Mark.NOTE, f"{color}: {_state(after)}"
    if after.restarts > before.restarts:
        yield Mark.WARNING, f"{color}: restarted {after.restarts} times"
    for note in after.notes:
        if note not in before.notes:
            yield Mark.WARNING, clean(note)


def _state(color: ColorStatus) -> str:
    if color.role is Role.ABSENT:
        return color.role.value
    count = f"{color.role.value}, {color.healthy}/{color.replicas} replicas"
    return f"{count}, {color.health}" if color.health else count
