"""Events that many tests begin with."""

from __future__ import annotations

from console.model.color import Color
from console.model.events import RolloutStarted

STARTED = RolloutStarted(
    action="deploy",
    target=Color.GREEN,
    previous=Color.BLUE,
    user="ann",
    host="here",
    pid=7,
    command="rollout deploy",
    fence=1,
    project="shop",
    plan=(),
)
"""A deploy from blue to green begins."""
