"""The receipt: the evidence of one rollout."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.color import Color
from console.model.receipt_load import ReceiptLoad

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptStep:
    """One step as it went."""

    id: str
    title: str
    stage: str
    status: str
    """`succeeded`, `failed` or `cancelled`."""
    seconds: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptImage:
    """An image that a color was given in this rollout."""

    color: Color
    reference: str
    id: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLogs:
    """The last lines of a replica that failed."""

    replica: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One rollout from lock to end, as evidence."""

    rollout: int
    project: str
    action: str
    result: str
    exit_code: int
    message: str
    next_command: str
    started_at: str
    seconds: float
    user: str
    host: str
    command: str
    target: Color | None
    previous: Color | None
    active: Color | None
    steps: tuple[ReceiptStep, ...]
    images: tuple[ReceiptImage, ...]
    warnings: tuple[str, ...]
    failures: tuple[str, ...]
    cut_requests: int
    """Requests that a drain deadline cut; each counts as dropped."""
    logs: tuple[ReceiptLogs, ...]
    load: ReceiptLoad | None = None
    """None when no load was asked for."""
    versions: tuple[tuple[str, str], ...] = ()
    """What ran it: name and version, for example `("docker", "26.1.5")`."""
