"""The health check: `python3 -I -S probe.py /ready` exits with 0 when the app on this machine answers 200.

A script of its own with one import: it runs four times a second while a replica starts, next to the app that warms up.
"""

import os
import socket
import sys

TIMEOUT = 1.5


def probe(path: str, port: int) -> str:
    """Ask for a path on loopback; returns the status line, or what went wrong."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(4096):
                answer += part
    except OSError as error:
        return f"no answer on port {port}: {error}"
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line = head.partition(b"\r\n")[0]
    return f"{status_line.decode('latin-1')} {body.decode('latin-1').strip()}"


def main(arguments: list[str]) -> int:
    """Print what was seen, for `docker inspect`; returns the exit code."""
    port = os.environ.get("PORT", "")
    seen = probe(arguments[0] if arguments else "/ready", int(port) if port.isdigit() else 8000)
    sys.stdout.write(seen + "\n")
    return 0 if seen.startswith("HTTP/1.1 200 ") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
