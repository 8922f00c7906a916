"""A plain stack with one service, put under the console by doing what `rollout init` and the README say."""

from __future__ import annotations

import http.client
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Operator
from tests.support.engine import docker
from tests.support.stack import ROOT, ReferenceStack
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]

PLAIN = """
name: {project}
services:
  database:
    image: python:3.13-slim
    command: [sleep, "86400"]
    init: true
    environment: {{SETTING: "1"}}
  migrate:
    image: python:3.13-slim
    command: [sh, -c, "sleep 0.5; echo migrated"]
    depends_on:
      database: {{condition: service_started}}
  web:
    build:
      context: ./app
      args: {{VERSION: v1}}
    container_name: {project}-web
    ports: ["127.0.0.1:{http}:8000"]
    environment: {{COLOR: twin, WARMUP: "0"}}
    depends_on:
      migrate: {{condition: service_completed_successfully}}
      database: {{condition: service_started}}
    labels:
      docker-rollout.pre-stop-hook: "echo the hook ran > /proc/1/fd/1"
    healthcheck:
      test: [CMD, python3, -I, -S, /srv/app/probe.py, /ready]
      interval: 2s
      start_period: 30s
      start_interval: 250ms
"""
OTHERS = ("database", "proxy")
"""What no deploy and no `up` has any business with. Compose runs a one-shot again at every `up`."""


class Shop(Operator):
    """The operator of such a stack; its colors are `web` and the derived `web_green`."""

    __slots__ = ()

    def colors(self) -> dict[str, tuple[str, str, int]]:
        """Both colors, whether or not the plain files know the twin."""
        found = {}
        for service in ("web", "web_green"):
            for name in self.containers(service):
                found[f"{service}/{name}"] = (name, docker("inspect", "--format", "{{.State.StartedAt}}", name), 0)
        return found

    def a_plain_up_recreates_nothing(self) -> None:
        before = (self.identities(*OTHERS), self.colors())
        self.stack.compose("up", "--detach")
        assert (self.identities(*OTHERS), self.colors()) == before
        self.agreed()

    def serving(self) -> str:
        """By address: both colors of a twin have one environment, so that the answers themselves can't tell."""
        address = self._answer(self.stack.control_port, "/served/")["X-Rollout-Served"].partition(":")[0]
        addresses = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        for color, service in (("blue", "web"), ("green", "web_green")):
            if any(
                address in docker("inspect", "--format", addresses, name).split() for name in self.containers(service)
            ):
                return color
        return address

    def release(self) -> str:
        """The release that answers users."""
        return self._answer(self.stack.http_port, "/")["X-Rollout-Release"]

    def _answer(self, port: int, path: str) -> http.client.HTTPMessage:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().headers
        finally:
            connection.close()


def printed(text: str, title: str) -> str:
    """One numbered part of what `init` printed."""
    parts = re.split(r"(?m)^# [0-9]+\. ", text)
    (found,) = [part.partition("\n")[2] for part in parts if title in part.partition("\n")[0]]
    return found


@pytest.fixture
def shop(tmp_path: Path, project_name: str, free_ports: Callable[[int], list[int]]) -> Shop:
    """A stack that knows nothing of rollouts; not started."""
    http_port, control_port = free_ports(2)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "console/demo/app", tmp_path / "app", ignore=ignored)
    (tmp_path / "docker-compose.yml").write_text(PLAIN.format(project=project_name, http=http_port))
    stack = ReferenceStack(directory=tmp_path, project=project_name, http_port=http_port, control_port=control_port)
    return Shop(stack=stack)


def follow_init(shop: Shop, *flags: str) -> None:
    """Do what `rollout init` says, in the user's own files, and nothing else."""
    text = shop.rollout("init").stdout
    file = shop.stack.directory / "docker-compose.yml"
    plain = yaml.safe_load(file.read_text())
    web, added = plain["services"]["web"], printed(text, "add to `web`")
    assert re.search(r"#\s+ports", added)
    assert re.search(r"#\s+container_name", added)
    del web["ports"], web["container_name"]
    web |= yaml.safe_load(added)["web"]
    # The control port that is free here.
    proxy = printed(text, "`services`: the proxy").replace("127.0.0.1:9080:", f"127.0.0.1:{shop.stack.control_port}:")
    plain["services"] |= yaml.safe_load(proxy)
    block = yaml.safe_load(printed(text, "top level: the block"))
    block["x-rollout"]["watch"]["window"] = "300ms"
    file.write_text(yaml.safe_dump(plain | block, sort_keys=False))
    (shop.stack.directory / "nginx").mkdir()
    (shop.stack.directory / "nginx/nginx.conf").write_text(printed(text, "nginx/nginx.conf"))
    before = file.read_text()
    shop.rollout("init", "--write", *flags)
    assert file.read_text() == before, "init touched the user's own file"


@pytest.mark.parametrize("flags", [(), ("--write-env",)], ids=["plain", "COMPOSE_FILE in .env"])
def test_a_plain_stack_is_rolled_out_back_and_forth(shop: Shop, flags: tuple[str, ...]) -> None:
    follow_init(shop, *flags)
    shop.rollout("up", deadline=240)
    shop.rollout("check")
    assert shop.agreed() == "blue"
    shop.a_plain_up_recreates_nothing()
    others = shop.identities(*OTHERS)
    with Traffic(shop.stack.url, rate=100.0) as traffic:
        traffic.wait_for(50)
        shop.edit("docker-compose.yml", lambda text: text.replace("SETTING: '1'", "SETTING: '2'"))
        shop.rollout("deploy", deadline=240)
        assert shop.agreed() == "green"
        assert shop.identities(*OTHERS) == others, "an edited database is not ours to recreate"
        shop.edit("docker-compose.yml", lambda text: text.replace("SETTING: '2'", "SETTING: '1'"))
        shop.a_plain_up_recreates_nothing()

        shop.rollout("rollback")
        assert shop.agreed() == "blue"
        (green,) = shop.containers("web_green")
        assert "the hook ran" not in docker("logs", green)
        shop.rollout("retire")
        assert shop.running("web_green") == 0
        assert "the hook ran" in docker("logs", green)
        assert shop.agreed() == "blue"
        shop.a_plain_up_recreates_nothing()

        label = f"com.docker.compose.project={shop.stack.project}"
        image = f"{shop.stack.project}-special:2"
        docker(
            "build",
            "--quiet",
            "--label",
            label,
            "--build-arg",
            "VERSION=v2",
            "--tag",
            image,
            str(shop.stack.directory / "app"),
        )
        shop.rollout("deploy", "--image", image)
        assert (shop.agreed(), shop.release()) == ("green", "v2")
        shop.a_plain_up_recreates_nothing()
        traffic.wait_for(50)
    traffic.report.assert_clean(at_least=500)
    assert {name.partition("/")[2] for name in traffic.report.releases} == {"v1", "v2"}
    assert shop.identities(*OTHERS) == others
    shop.rollout("down")
    assert not shop.containers("web_green")
    assert not shop.containers("proxy")


def test_each_color_of_a_derived_twin_has_its_replicas(shop: Shop) -> None:
    follow_init(shop, "--write-env")
    shop.edit("docker-compose.yml", lambda text: text.replace("\n  web:\n", "\n  web:\n    deploy: {replicas: 2}\n"))
    shop.rollout("up", deadline=240)
    assert shop.running("web") == 2
    with Traffic(shop.stack.url, rate=100.0) as traffic:
        traffic.wait_for(50)
        shop.rollout("deploy", deadline=240)
        assert (shop.agreed(), shop.running("web"), shop.running("web_green")) == ("green", 2, 2)
        shop.a_plain_up_recreates_nothing()
        shop.rollout("deploy", deadline=240)
        assert (shop.agreed(), shop.running("web"), shop.running("web_green")) == ("blue", 2, 2)
        shop.a_plain_up_recreates_nothing()
        greens = shop.containers("web_green")
        shop.rollout("retire")
        assert all("the hook ran" in docker("logs", green) for green in greens)
        traffic.wait_for(50)
    traffic.report.assert_clean(at_least=300)


def test_a_state_directory_is_made_readable_for_the_group_alone(shop: Shop) -> None:
    follow_init(shop)
    shop.rollout("up", deadline=240)
    assert shop.stack.state.stat().st_mode & 0o777 == 0o750
    assert os.access(shop.stack.state / "nginx", os.R_OK)
