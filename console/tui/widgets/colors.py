"""Panel 1: both colors, what they run, how they do, and what of the traffic they get."""

from __future__ import annotations

from datetime import datetime

from console.cli.report import ColorStatus, Role
from console.model.color import Color
from console.model.observed import Health, Replica
from console.observe.view import Source
from console.tui.board import Board
from console.tui.names import memory, percent, release_of, took
from console.tui.paint import Line, Rows, Span, Tone, fit, line, toned

_DASH = "-"
_COLUMNS = (
    ("color", 7, "<"),
    ("release", 9, "<"),
    ("replicas", 10, "<"),
    ("health", 12, "<"),
    ("weight", 6, ">"),
    ("seen", 8, ">"),
    ("in flight", 11, ">"),
    ("cpu", 7, ">"),
    ("mem", 6, ">"),
)
_OPTIONAL = ("mem", "cpu", "in flight", "seen", "replicas")
"""Columns that go first where there is no room."""
_LONGEST = 10
"""Columns at most that the release gets besides its own: no name is longer."""

Cells = dict[str, Line]


def colors_rows(board: Board, width: int, height: int) -> Rows:
    """The table, and each replica below it where there is room."""
    if board.status is None:
        return (line(("waiting for the first look at the stack", Tone.DIM)),)
    shown = _columns(width)
    head = tuple((f"{'' if name == 'color' else name:{align}{size}}", Tone.DIM) for name, size, align in shown)
    rows = [head, *(_row(_cells(board, status), shown, board.glyphs.dots) for status in board.status.colors)]
    spare = height - len(rows)
    replicas = [replica for color in Color for replica in _of(board, color)]
    longest = max((len(replica.name) for replica in replicas), default=0)
    details = [replica_row(board, replica, width, longest) for replica in replicas]
    notes = [line((note, Tone.BAD)) for status in board.status.colors for note in status.notes]
    return (*rows, *(notes + details)[: max(0, spare)])


def _columns(width: int) -> tuple[tuple[str, int, str], ...]:
    shown = list(_COLUMNS)
    for name in _OPTIONAL:
        if sum(size for _, size, _ in shown) <= width:
            break
        shown = [column for column in shown if column[0] != name]
    spare = max(0, min(_LONGEST, width - sum(size for _, size, _ in shown)))
    return tuple((name, size + spare if name == "release" else size, align) for name, size, align in shown)


def _row(cells: Cells, shown: tuple[tuple[str, int, str], ...], dots: str) -> Line:
    row: list[Span] = []
    for name, size, align in shown:
        cell = cells[name]
        used = sum(len(text) for text, _ in cell)
        pad: Span = (" " * max(0, size - used), Tone.PLAIN)
        row += [pad, *cell] if align == ">" else [*fit(cell, size - 1, dots=dots), (" ", Tone.PLAIN)]
    return tuple(row)


def _cells(board: Board, status: ColorStatus) -> Cells:
    color, use = status.color, board.usage.get(status.color.value)
    running, release = bool(status.running), release_of(board.sample.view, color)
    out = not running and (status.role is Role.ACTIVE or _gets_traffic(board, color))  # an outage, no idle color
    quiet = Tone.PLAIN if running else Tone.BAD if out else Tone.DIM
    cpu, size = (use.cpu_percent, use.memory_bytes) if use else (None, 0)
    gone = {Role.ABSENT: "none", Role.STOPPED: "stopped"}.get(status.role, "")
    return {
        "color": line((color.value, toned(color.value) if running else quiet)),
        "release": line((release or _DASH, Tone.STRONG if status.role is Role.ACTIVE else quiet)),
        "replicas": line(
            (f"{status.healthy}/{status.replicas}" if status.replicas else _DASH, _replicas_tone(status, quiet))
        ),
        "health": line((f"{gone} {board.glyphs.bad}" if out else gone, quiet))
        if gone
        else _health(board, status.health),
        "weight": line((_weight(board, color), quiet)),
        "seen": line((_seen(board, color), quiet)),
        "in flight": line((_in_flight(board, color), quiet)),
        "cpu": line((f"{cpu:.1f}%" if running and cpu is not None else _DASH, quiet)),
        "mem": line((memory(size) if running and size else _DASH, quiet)),
    }


def _replicas_tone(status: ColorStatus, quiet: Tone) -> Tone:
    if not status.running:
        return quiet
    return Tone.PLAIN if status.healthy == status.replicas else Tone.WARN


def _health(board: Board, health: str) -> Line:
    glyphs = board.glyphs
    match health:
        case Health.HEALTHY.value | "running":
            return line((f"{health} {glyphs.well}", Tone.GOOD))
        case Health.UNHEALTHY.value:
            return line((f"{health} {glyphs.bad}", Tone.BAD))
        case Health.STARTING.value:
            return line((f"{health} {glyphs.running}", Tone.WARN))
        case _:
            return line((health or _DASH, Tone.DIM))


def _weight(board: Board, color: Color) -> str:
    """What the live proxy gives it; what can't be seen now is not claimed."""
    live = board.sample.view.observed.upstream.live if board.sample.view else None
    if live is None:
        return "?"
    return "100 %" if _gets_traffic(board, color) else "0 %"


def _gets_traffic(board: Board, color: Color) -> bool:
    live = board.sample.view.observed.upstream.live if board.sample.view else None
    return live is not None and (live.color or Color.BLUE) is color


def _seen(board: Board, color: Color) -> str:
    """The share of the answers of the last seconds, as clients saw them."""
    requests = board.sample.requests
    if requests is None or not board.sample.load.on:
        return _DASH
    share = requests.share_of(color)
    return _DASH if share is None else percent(share)


def _in_flight(board: Board, color: Color) -> str:
    flying = board.sample.flights.get(color)
    return _DASH if flying is None else f"{flying}"


def _of(board: Board, color: Color) -> tuple[Replica, ...]:
    return board.sample.view.observed.of(color) if board.sample.view else ()


def replica_row(board: Board, replica: Replica, width: int, longest: int) -> Line:
    """One replica in a row; `longest` is the length of the longest name, so that columns stand below each other."""
    usage = board.usage.get(replica.id)
    word = replica.health.value if replica.running and replica.health is not Health.NONE else replica.state.value
    bad = replica.health is Health.UNHEALTHY or (not replica.running and replica.exit_code)
    since = up_since(replica, board.now) if replica.running else ""
    exited = f"exit {replica.exit_code}" if replica.exit_code is not None and not replica.running else ""
    restarts = f"{replica.restarts} restarts" if replica.restarts else ""
    use = f"{usage.cpu_percent or 0:.1f}% {memory(usage.memory_bytes)}" if usage and replica.running else ""
    parts = filter(None, (since, exited, restarts, replica.address or "", use))
    row = line(
        ("  ", Tone.PLAIN),
        (f"{replica.name:<{longest}}  ", toned(replica.color.value) if replica.running else Tone.DIM),
        (f"{word:<9}  ", Tone.BAD if bad else Tone.PLAIN),
        ("  ".join(parts), Tone.DIM),
    )
    return fit(row, width, dots=board.glyphs.dots)


def up_since(replica: Replica, now: float) -> str:
    """For how long it runs, in the largest unit, so that it changes seldom."""
    try:
        seconds = now - datetime.fromisoformat(replica.started_at).timestamp()
    except (ValueError, OverflowError):
        return ""
    minute, hour, day = 60, 3600, 86400
    if seconds < minute:
        return "up <1m"
    for size, unit in ((day, "d"), (hour, "h"), (minute, "m")):
        if seconds >= size:
            return f"up {int(seconds // size)}{unit}"
    return f"up {took(seconds)}"


def colors_note(board: Board) -> Line:
    """What of this panel can't be seen now, and how old it is."""
    view = board.sample.view
    if view is None:
        return ()
    sight = view.sights.get(Source.CONTAINERS)
    if sight is None or not sight.problem:
        return ()
    age = sight.age(board.monotonic)
    return line((f"reconnecting, {'never seen' if age is None else f'as of {took(age)} ago'}", Tone.WARN))
