"""The two interchangeable sets of replicas of a service."""

from __future__ import annotations

from enum import StrEnum


class Color(StrEnum):
    """One of the two colors; the other one is its rollback target."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Color:
        """The opposite color."""
        return Color.GREEN if self is Color.BLUE else Color.BLUE
