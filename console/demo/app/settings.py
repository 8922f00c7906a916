"""What the environment asks of the app. A value that makes no sense collapses to its default."""

from __future__ import annotations

import math
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

HIGHEST_PORT = 65535


class Fault(StrEnum):
    """A failure to rehearse with."""

    NONE = "none"
    ERROR_500 = "error-500"
    """Every answer but that of `/ready` is a 500: the release passes its health check and fails its users."""
    SLOW = "slow"
    """Every answer but that of `/ready` takes three seconds longer."""
    NEVER_READY = "never-ready"
    """`/ready` answers 503 for good."""
    CRASH = "crash"
    """The process ends at once, whatever it serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The app's settings; all durations are seconds."""

    host: str = "0.0.0.0"  # noqa: S104 - inside a container, where the network decides who may come
    port: int = 8000
    """0 lets the system choose; the first line of output says what it chose."""
    color: str = "none"
    version: str = "dev"
    """The name of the release."""
    replica: str = ""
    warmup: float = 0.0
    fault: Fault = Fault.NONE
    fault_after: float = 0.0
    """From the first request of a user; 0 is from the start."""
    drain: float = 35.0
    """How long a stop may wait for requests that are still served."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read HOST, PORT, COLOR, VERSION, REPLICA, WARMUP, FAULT, FAULT_AFTER and DRAIN."""
        default = cls()
        return cls(
            host=environ.get("HOST", "").strip() or default.host,
            port=_port(environ.get("PORT", ""), default.port),
            color=_word(environ.get("COLOR", "")) or default.color,
            version=_word(environ.get("VERSION", "")) or default.version,
            replica=_word(environ.get("REPLICA", "")) or socket.gethostname(),
            warmup=_seconds(environ.get("WARMUP", "")),
            fault=_fault(environ.get("FAULT", "")),
            fault_after=_seconds(environ.get("FAULT_AFTER", "")),
            drain=_seconds(environ.get("DRAIN", "")) or default.drain,
        )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0


def _port(text: str, default: int) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or int(text) > HIGHEST_PORT:
        return default
    return int(text)


def _fault(text: str) -> Fault:
    try:
        return Fault(text.strip().lower())
    except ValueError:
        return Fault.NONE


def _word(text: str) -> str:
    """Fit for a response header: printable ASCII without the white space around it."""
    return "".join(character for character in text if " " <= character <= "~").strip()
