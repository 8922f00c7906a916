"""The floors: what nobody can be faster than, measured alone, with nothing of the engine in between."""

from __future__ import annotations

import subprocess
import time
from datetime import datetime
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import docker
from docker.models.containers import Container

from tests.support.stack import ReferenceStack

POLL = 0.002


class Floors:
    """Bare operations on a stack, through Docker's SDK and Compose's own command."""

    def __init__(self, stack: ReferenceStack) -> None:
        self._stack = stack
        self._docker = docker.from_env()

    def close(self) -> None:
        self._docker.close()

    def container(self, service: str) -> Container:
        labels = [f"com.docker.compose.project={self._stack.project}", f"com.docker.compose.service={service}"]
        (found,) = self._docker.containers.list(all=True, filters={"label": labels})
        return found

    def compose_up(self, service: str) -> float:
        """Seconds that `docker compose up -d` takes to create and start one container."""
        began = time.perf_counter()
        subprocess.run(
            ["docker", "compose", "--profile", "green", "up", "-d", "--no-recreate", service],
            cwd=self._stack.directory,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,
        )
        return time.perf_counter() - began

    def own_time_to_ready(self, service: str) -> float:
        """Seconds from a container's start to its app's first answer on `/ready`: a restart, asked without a pause."""
        container = self.container(service)
        container.restart(timeout=10)
        network = next(iter(self._inspected(container)["NetworkSettings"]["Networks"].values()))
        url = f"http://{network['IPAddress']}:8000/ready"
        while not _answers(url):
            time.sleep(POLL)
        ready = time.time()
        started = str(self._inspected(container)["State"]["StartedAt"])
        return max(0.0, ready - datetime.fromisoformat(started[:26].rstrip("Z") + "Z").timestamp())

    def reload(self) -> float:
        """Seconds from `nginx -s reload` through the SDK until none of the workers of before accepts."""
        proxy = self.container("proxy")
        before = _accepting(proxy)
        began = time.perf_counter()
        code, output = proxy.exec_run(["nginx", "-s", "reload"])
        assert code == 0, output
        while _accepting(proxy) & before:
            time.sleep(POLL)
        return time.perf_counter() - began

    def remove(self, service: str) -> float:
        """Seconds to stop and remove one container through the SDK."""
        container = self.container(service)
        began = time.perf_counter()
        container.stop(timeout=10)
        container.remove()
        return time.perf_counter() - began

    def _inspected(self, container: Container) -> dict[str, Any]:
        return dict(self._docker.api.inspect_container(container.id or ""))


def _accepting(proxy: Container) -> set[str]:
    table = proxy.top()
    pid, title = table["Titles"].index("PID"), table["Titles"].index("CMD")
    return {row[pid] for row in table["Processes"] if row[title].strip() == "nginx: worker process"}


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
