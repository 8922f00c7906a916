"""What a replica's process uses."""

from __future__ import annotations

import time

from console.model.errors import RuntimeFailedError
from console.ports.runtime import ReplicaStats


class Usage:
    """Samples one process; CPU is told against the sample before."""

    def __init__(self) -> None:
        self._last: tuple[int, float, float] | None = None

    def read(self, pid: int) -> ReplicaStats:
        """The use since the last call for the same process; no CPU in the first. Raises `RuntimeFailedError`."""
        attempted = f"read what process {pid} uses"
        try:
            import psutil  # noqa: PLC0415 - an optional dependency: only the embedded stack needs it
        except ImportError as error:
            raise RuntimeFailedError(
                attempted, "psutil is not installed", next_command="pip install 'rollout-console[demo]'"
            ) from error
        try:
            process = psutil.Process(pid)
            times = process.cpu_times()
            memory = process.memory_info().rss
        except psutil.Error as error:
            raise RuntimeFailedError(attempted, str(error)) from error
        cpu, now = times.user + times.system, time.monotonic()
        before, self._last = self._last, (pid, cpu, now)
        if before is None or before[0] != pid or now <= before[2]:
            return ReplicaStats(cpu_percent=None, memory_bytes=memory)
        return ReplicaStats(cpu_percent=100 * (cpu - before[1]) / (now - before[2]), memory_bytes=memory)
