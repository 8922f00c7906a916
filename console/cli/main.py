"""The entry point. It imports nothing by itself, so that an interrupt while the rest is imported is an answer too."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `typing` itself is one of the slow ones
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from console.cli.backend import Backend

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED`, before there is one."""


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    backend: Backend | None = None,
) -> int:
    """Run one command line and return its exit code.

    Args:
        argv: the arguments without the program's name; default: the process's own.
        environ: default: the process's own.
        backend: the way to the engine; default: the real one.
    """
    try:
        from console.cli.dispatch import dispatch  # noqa: PLC0415 - the guard has to be up before

        return dispatch(argv, environ=environ, backend=backend)
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
