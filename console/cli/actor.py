"""Who asks: the person, the host and the command line, for the lock, the journal and the receipt."""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Mapping, Sequence

from console.model.request import Actor

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def current_actor(argv: Sequence[str], environ: Mapping[str, str]) -> Actor:
    """The actor behind this process. A person behind sudo stays visible; credentials in URLs do not."""
    command = " ".join(shlex.quote(_CREDENTIALS.sub("***@", argument)) for argument in ("rollout", *argv))
    return Actor(
        user=_user(environ),
        host=_FORBIDDEN.sub("", socket.gethostname()) or "localhost",
        pid=os.getpid(),
        command=_FORBIDDEN.sub("", command),
    )


def _user(environ: Mapping[str, str]) -> str:
    import pwd  # noqa: PLC0415 - only a command that acts or asks Docker needs it

    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)  # a container's numeric user has no name
    behind = _FORBIDDEN.sub("", environ.get("SUDO_USER", ""))
    return f"{name} (sudo by {behind})" if behind and behind != name else name
