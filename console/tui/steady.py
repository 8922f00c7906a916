"""Figures that never stand still, held until they say something new: a calm screen shows no noise. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from console.model.color import Color
from console.observe.view import StackView, Usage

_CPU = 0.5
"""Percent of a core that is noise, whatever is used."""
_CPU_SHARE = 0.25
"""Share of what is used that is noise."""
_MEMORY_SHARE = 0.05


def steady_usage(before: Mapping[str, Usage], view: StackView) -> dict[str, Usage]:
    """What each replica (by its id) and each color (by its name) uses; within the noise, what was shown before."""
    now = dict(view.usage)
    for color in Color:
        cpu, size = view.usage_of(color)
        if cpu is not None or size:
            now[color.value] = Usage(cpu_percent=cpu, memory_bytes=size, at=view.at)
    return {key: before[key] if key in before and _same(before[key], usage) else usage for key, usage in now.items()}


def _same(before: Usage, now: Usage) -> bool:
    if before.cpu_percent is None or now.cpu_percent is None:
        return before.cpu_percent is now.cpu_percent and before.memory_bytes == now.memory_bytes
    noise = max(_CPU, before.cpu_percent * _CPU_SHARE)
    quiet = abs(now.cpu_percent - before.cpu_percent) <= noise
    return quiet and abs(now.memory_bytes - before.memory_bytes) <= before.memory_bytes * _MEMORY_SHARE
