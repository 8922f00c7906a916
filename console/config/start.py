"""The first thing that a configuration needs, and the slowest: which files there are, and Compose at work on them.

Apart from the rest of this package, so that Compose's own process runs while the rest is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from console.config.compose_command import Merging
from console.config.discovery import Discovered, discover
from console.config.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The files of a stack, and Compose that merges them. A context manager: leaving it ends Compose."""

    found: Discovered
    merging: Merging | None
    """None when there is nothing that Compose could merge."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.merging is not None:
            self.merging.end()


def start(options: Options, environ: Mapping[str, str]) -> Started:
    """Find the Compose files and set Compose to work on them."""
    found = discover(options, environ)
    whole = bool(found.files) and not found.problems and all(file.is_file() for file in found.files)
    project = project_name(options, environ)
    merging = Merging(found.files, found.directory, project, environ) if whole else None
    return Started(found=found, merging=merging)


def project_name(options: Options, environ: Mapping[str, str]) -> str | None:
    """The name that was given; None leaves it to Compose."""
    return options.project_name or environ.get("ROLLOUT_PROJECT_NAME", "").strip() or None
