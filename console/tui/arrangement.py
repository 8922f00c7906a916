"""Where the panels are, for every size of a terminal. Pure.

    wide      both columns in the middle:   1 colors / 2 requests | 3 upstream / 4 rollout / 5 events
    narrow    one panel at a time, Tab goes on to the next one

Frames are shared: a panel draws the line above it, its sides, and the lowest one the line below.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PanelName(StrEnum):
    """The panels, in the order of their numbers."""

    COLORS = "colors"
    REQUESTS = "requests"
    UPSTREAM = "upstream"
    ROLLOUT = "rollout"
    EVENTS = "events"

    @property
    def number(self) -> int:
        """The key that leads to it."""
        return tuple(PanelName).index(self) + 1


WIDE = 76
"""Columns from which the panels stand together."""
HIGH = 20
"""Rows from which they do."""
UPSTREAM_WIDTH = 23
_ROOMY = 30
"""Rows of frame from which charts get taller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One panel's rectangle, its frame included, and how that frame joins its neighbours'."""

    x: int
    y: int
    width: int
    height: int
    upper: str = "├┤"
    """Signs at the ends of the line above."""
    lower: str = ""
    """Signs at the ends of the line below; empty when a neighbour draws it."""
    joints: tuple[tuple[int, str], ...] = ()
    """Columns of the line above where another line meets it."""
    right: bool = True
    """Whether it draws its right side."""

    @property
    def alone(self) -> bool:
        """Whether no other panel is shown: it draws both its upper and its lower corners."""
        return self.upper == "┌┐" and self.lower == "└┘"

    @property
    def inner_width(self) -> int:
        """Columns for content: one blank on either side."""
        return max(0, self.width - (4 if self.right else 3))

    @property
    def inner_height(self) -> int:
        """Rows for content."""
        return max(0, self.height - (2 if self.lower else 1))


Places = dict[PanelName, Place]


def one_at_a_time(width: int, height: int) -> bool:
    """Whether only one panel has room in this many columns and rows."""
    return width < WIDE or height < HIGH - 2


def arrange(width: int, height: int, *, focus: PanelName, zoomed: bool, replicas: int = 0) -> Places:
    """The places of all panels that are to be seen in this many columns and rows.

    Args:
        width: columns.
        height: rows, without the headline and the line of keys.
        focus: the panel that has the focus; in a small terminal the only one that is shown.
        zoomed: whether it is to have everything.
        replicas: rows that the replicas of both colors would take, shown where there is room.
    """
    if zoomed or one_at_a_time(width, height):
        return {focus: Place(x=0, y=0, width=width, height=height, upper="┌┐", lower="└┘")}
    rest = height - 1
    roomy = rest >= _ROOMY
    colors = 4 + (min(replicas, 8) if roomy else 0)
    requests = 6 + (max(0, rest - _ROOMY) // 3 + 2 if roomy else 0)
    rollout = 5 + (3 if roomy else 0)
    events = rest - colors - requests - rollout
    split = width - UPSTREAM_WIDTH
    top = colors + requests
    return {
        PanelName.COLORS: Place(x=0, y=0, width=width, height=colors, upper="┌┐"),
        PanelName.REQUESTS: Place(x=0, y=colors, width=split, height=requests, upper="├─", right=False),
        PanelName.UPSTREAM: Place(x=split, y=colors, width=UPSTREAM_WIDTH, height=requests, upper="┬┤"),
        PanelName.ROLLOUT: Place(x=0, y=top, width=width, height=rollout, joints=((split, "┴"),)),
        PanelName.EVENTS: Place(x=0, y=top + rollout, width=width, height=events + 1, lower="└┘"),
    }
