"""The command line, parsed: one flat, typed record. Values that the configuration validates stay text."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What was typed. Fields that belong to another command keep their defaults."""

    command: str = ""
    """Empty for a bare `rollout`."""
    files: tuple[str, ...] = ()
    project_name: str | None = None
    state_dir: str | None = None
    json: bool = False
    plain: bool = False
    read_only: bool = False
    ascii: bool = False
    """Whether the console draws with ASCII alone."""

    smoke_url: str | None = None
    smoke_status: str | None = None
    smoke_attempts: str | None = None
    smoke_timeout: str | None = None
    smoke_delay: str | None = None

    image: str | None = None
    source: str = "auto"
    plan: bool = False
    no_cutover: bool = False
    confirm: str | None = None
    """The stack's name, for a protected stack without a terminal."""
    with_load: float | None = None
    """Requests a second of `--load`; 0 stands for what the stack's `load` block says, None for no load."""
    require_zero_drops: bool = False
    color: str | None = None
    to_release: int | None = None

    watch: bool = False
    interval: float = 1.0
    """Seconds between two looks of `status --watch`."""
    limit: int = 20
    receipt: int | None = None
    format: str = "text"
    choice: str | None = None
    """`resume`, `rollback` or `adopt`, for `recover`."""
    lock_action: str = "status"
    yes: bool = False
    strict: bool = False
    write: bool = False
    write_env: bool = False

    headless: bool = False
    deploys: int = 3
    replicas: int = 1
    proxy: str = "nginx"
    keep: bool = False

    load: Namespace | None = field(default=None, compare=False)
    """Everything of `rollout load`, which parses its own flags."""
