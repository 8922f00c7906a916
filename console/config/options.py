"""What the command line says about the configuration: the first of the four layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The flags, as typed: values stay text, so that a wrong one is told together with every other problem."""

    files: tuple[str, ...] = ()
    """`-f`, repeated; relative to `directory`."""
    project_name: str | None = None
    state_dir: str | None = None
    smoke_url: str | None = None
    smoke_status: str | None = None
    smoke_attempts: str | None = None
    smoke_timeout: str | None = None
    smoke_delay: str | None = None
    directory: Path | None = None
    """Where the search for Compose files begins; None means the current directory."""
