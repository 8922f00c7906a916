"""What is measured rather than told: the stack, the load, and what this session is doing, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.tui.load_state import LoadState

if TYPE_CHECKING:
    from console.model.color import Color
    from console.model.request import Verdict
    from console.observe.requests import RequestsView
    from console.observe.view import StackView


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A moment of one stack."""

    view: StackView | None = None
    """None until the first look."""
    requests: RequestsView | None = None
    """None while no load was ever sent from here."""
    load: LoadState = field(default_factory=LoadState)
    running: bool = False
    """Whether a rollout of this very session is under way."""
    held: bool = False
    """Whether that rollout was told to hold at its next gate."""
    read_only: bool = False
    flights: Mapping[Color, int] = field(default_factory=dict)
    """Connections from the proxy to a color that is out of the upstream: requests that it still serves."""
    verdict: Verdict | None = None
    """What an earlier, unfinished rollout left; None while nobody asked."""
