"""`python3 -m app`."""

import os
import signal

# As the first process of a container it has no default action for SIGTERM: until a handler exists, a stop would be
# ignored, and Docker would wait for the whole grace period. Hence before the imports that take long.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

import asyncio  # noqa: E402
import sys  # noqa: E402

from .server import say, serve  # noqa: E402
from .settings import Settings  # noqa: E402


def main() -> int:
    """Serve until told to stop; returns the exit code."""
    settings = Settings.from_environment(os.environ)
    try:
        return asyncio.run(serve(settings))
    except OSError as error:
        say(f"could not listen on {settings.host}:{settings.port}: {error.strerror}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
