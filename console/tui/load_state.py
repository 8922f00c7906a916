"""Whether load is sent from here, as a screen shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadState:
    """Whether load runs, and how."""

    on: bool = False
    url: str = ""
    rate: float = 0.0
    problem: str = ""
    """Why there are no numbers although it is on, or why it ended."""
