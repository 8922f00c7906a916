"""The order in which the files are begun: a long one that was begun late would be waited for by idle workers."""

from __future__ import annotations

LONGEST_FIRST = (
    "tests/e2e/test_failing_releases.py",
    "tests/e2e/test_derived_twin.py",
    "tests/e2e/test_interruptions.py",
    "tests/e2e/test_kills.py",
    "tests/e2e/test_compose_runtime.py",
    "tests/e2e/test_migrations.py",
    "tests/e2e/test_stopped_on_docker.py",
    "tests/e2e/test_observers.py",
    "tests/e2e/test_stopped_process.py",
    "tests/e2e/test_refused_reloads.py",
    "tests/e2e/test_failing_disks.py",
    "tests/e2e/test_checkouts.py",
    "tests/tui/test_on_docker.py",
    "tests/e2e/test_adoption.py",
)
"""The files of more than half a minute; the others follow as they were collected."""


def turn(file: str) -> int:
    """Sorts a file, by its path from the repository, before the files that are shorter. The sort has to be stable."""
    return LONGEST_FIRST.index(file) if file in LONGEST_FIRST else len(LONGEST_FIRST)
