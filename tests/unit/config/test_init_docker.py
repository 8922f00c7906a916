"""What `init` prints and makes, pasted into a plain stack on real Docker."""

from __future__ import annotations

import http.client
import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from console.config import init
from console.config.load import load
from console.config.options import Options
from console.model.facts import Facts
from console.model.finding import Severity
from console.planning.preflight import preflight
from tests.support.engine import docker, remove_project

pytestmark = pytest.mark.docker

APP = Path(__file__).parents[3] / "console/demo/app"


@pytest.fixture
def project() -> Iterator[str]:
    name = f"rollout-init-{uuid.uuid4().hex[:8]}"
    try:
        yield name
    finally:
        remove_project(name)


def environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "ROLLOUT_"))}


def printed(text: str, title: str) -> str:
    """One numbered part of what `init` printed."""
    parts = re.split(r"(?m)^# [0-9]+\. ", text)
    (found,) = [part.partition("\n")[2] for part in parts if title in part.partition("\n")[0]]
    return found


def get(port: int, path: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def test_a_plain_stack_serves_through_what_init_printed_and_made(
    project: str, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    users, control = free_ports(2)
    check = {"test": ["CMD", "python3", "/srv/app/probe.py", "/ready"], "interval": "5s", "start_period": "20s"}
    service = {
        "build": str(APP),
        "ports": [f"127.0.0.1:{users}:8000"],
        "healthcheck": check | {"start_interval": "250ms"},
    }
    plain = {"name": project, "services": {"web": service}}
    compose = tmp_path / "compose.yaml"
    compose.write_text(yaml.safe_dump(plain))
    options = Options(directory=tmp_path)

    draft = init.draft(options, environ())
    text = init.text(draft)
    block, proxy = printed(text, "top level: the block"), printed(text, "`services`: the proxy")
    added = yaml.safe_load(printed(text, "add to `web`"))["web"]
    del service["ports"]
    services = yaml.safe_load(proxy.replace("127.0.0.1:9080:", f"127.0.0.1:{control}:"))
    plain["services"] = {"web": service | added} | services
    compose.write_text(yaml.safe_dump(plain | yaml.safe_load(block)))
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx/nginx.conf").write_text(printed(text, "nginx/nginx.conf"))
    for path, content in init.generated_parts(init.draft(options, environ())).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    docker("compose", "--project-directory", str(tmp_path), "up", "--detach", "--wait", deadline=170)

    assert get(users, "/health")[0] == 200
    assert get(control, "/generation")[2] == "1 blue\n"
    status, headers, _ = get(control, "/served/health")
    assert (status, headers["X-Rollout-Color"], headers["X-Rollout-Generation"]) == (200, "blue", "1")
    address = headers["X-Rollout-Served"]
    assert re.fullmatch(r"[0-9.]+:8000", address)
    assert get(control, f"/replica/{address}/ready")[0] == 200
    assert get(control, "/replica/example.org:80/")[0] == 404
    loaded = load(options, environ())
    blockers = [
        finding
        for finding in preflight(Facts(spec=loaded.spec, static=loaded.static))
        if finding.severity is Severity.BLOCKER
    ]
    assert blockers == []
    assert init.generated_parts(init.draft(options, environ())) == {}
